import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate authority of a test's own. */
export interface FakeAuthority {
  /** Makes `folder` with `ca.pem`, `cert.pem` and `key.pem` in it, as `DOCKER_CERT_PATH` holds them. */
  issue(folder: string, options?: { readonly expired?: boolean }): void;
}

export function createFakeAuthority(folder: string, name: string): FakeAuthority {
  const openssl = (...words: string[]) =>
    execFileSync('openssl', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const key = join(folder, `${name}.key`);
  const certificate = join(folder, `${name}.pem`);
  openssl(
    'req',
    '-x509',
    ...curve,
    '-keyout',
    key,
    '-out',
    certificate,
    '-subj',
    `/CN=${name}`,
    '-days',
    '2',
  );
  let serial = 1;

  return {
    issue(into, { expired = false } = {}) {
      mkdirSync(into, { recursive: true });
      const request = join(into, 'request.pem');
      const extensions = join(into, 'extensions');
      writeFileSync(extensions, 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
      openssl('req', '-new', ...curve, '-keyout', join(into, 'key.pem'), '-out', request, '-subj', '/CN=one');
      const validity = expired
        ? ['-not_before', '20200101000000Z', '-not_after', '20200102000000Z']
        : ['-days', '1'];
      serial += 1;
      const signed = [
        '-CA',
        certificate,
        '-CAkey',
        key,
        '-set_serial',
        String(serial),
        '-extfile',
        extensions,
      ];
      try {
        openssl('x509', '-req', '-in', request, ...signed, ...validity, '-out', join(into, 'cert.pem'));
      } catch (error) {
        // Before OpenSSL 3.4: only days, counted from today, and none below zero but with this.
        if (!expired) throw error;
        openssl('x509', '-req', '-in', request, ...signed, '-days', '-1', '-out', join(into, 'cert.pem'));
      }
      execFileSync('cp', [certificate, join(into, 'ca.pem')]);
    },
  };
}
