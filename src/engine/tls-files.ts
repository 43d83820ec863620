import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { TlsFiles } from '../config/endpoint.ts';
import { withDescriptors } from '../system/descriptor-reserve.ts';
import { errorCode } from '../system/failure.ts';

/** Why TLS cannot be begun; `code` is `TLS` as a Node system error's would be. */
export class TlsFilesUnusable extends Error {
  override readonly name = 'TlsFilesUnusable';
  readonly code = 'TLS';
}

/** What `tls.connect` takes of it. */
export interface TlsOptions {
  readonly rejectUnauthorized: boolean;
  readonly secureContext: SecureContext;
}

/**
 * Reads the files of a TLS connection, at each attempt, so that renewed or mended ones are taken up.
 * @throws TlsFilesUnusable
 */
export function readTlsFiles({ folder, verify }: TlsFiles): TlsOptions {
  const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readPresent(join(folder, name)));
  // OpenSSL would send no certificate then, and the engine's refusal would say nothing of it.
  if ((cert === undefined) !== (key === undefined)) {
    const [missing, present] = cert === undefined ? ['cert.pem', 'key.pem'] : ['key.pem', 'cert.pem'];
    throw new TlsFilesUnusable(`${folder} has ${present} but no ${missing}`);
  }
  try {
    const files = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
    return { rejectUnauthorized: verify, secureContext: createSecureContext(files) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TlsFilesUnusable(`a TLS file in ${folder} makes no sense: ${why}`);
  }
}

function readPresent(path: string): Buffer | undefined {
  try {
    return withDescriptors(() => readFileSync(path));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new TlsFilesUnusable(`cannot read ${path} (${errorCode(error)})`);
  }
}
