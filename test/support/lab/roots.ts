import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { identify } from '../../../src/system/processes.ts';
import { room } from '../wait-for.ts';
import { type AptSource, chooseMirror, readAptSources } from './apt-sources.ts';
import { run } from './command.ts';
import {
  builtRoot,
  type EngineVersion,
  hasRoot,
  packagesOf,
  rootFolder,
  suites,
  unpackedFolder,
  unpackedOf,
} from './folder.ts';

/**
 * Builds the roots that are not there yet, side by side. A root gets its name only when it is complete, so what
 * an interrupted build leaves is never taken for one; it is removed by the next.
 * @throws Error when one of them cannot be had
 */
export async function buildRoots(codename: string, say: (text: string) => void): Promise<void> {
  const missing = (Object.keys(suites) as EngineVersion[]).filter((version) => !hasRoot(version));
  if (missing.length > 0) {
    const mirror = chooseMirror(readAptSources(), codename);
    if (mirror === undefined) {
      throw new Error(
        `Found no Debian archive of ${codename} with component main among apt's sources.\n` +
          '  Add one: see sources.list(5)',
      );
    }
    const outcomes = await Promise.allSettled(missing.map((version) => build(version, mirror, say)));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
  for (const version of Object.keys(suites) as EngineVersion[]) {
    say(`Engine ${version}: ${builtRoot(version).engine}, from ${suites[version]}`);
  }
}

async function build(version: EngineVersion, mirror: AptSource, say: (text: string) => void): Promise<void> {
  const began = Date.now();
  const folder = rootFolder(version);
  const suite = suites[version];
  removeAbandoned(dirname(folder), suite);
  const unfinished = `${folder}.unfinished-${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  say(`Building the root of engine ${version} (${suite})`);
  try {
    const root = join(unfinished, 'root');
    const signed = mirror.signedBy === undefined ? '' : `[signed-by=${mirror.signedBy}] `;
    const source = `deb ${signed}${mirror.uri} ${suite} main`;
    // In a mount namespace of its own: an interrupted build leaves no mount behind.
    const bootstrap = ['unshare', '--mount', 'mmdebstrap', '--mode=root', '--format=directory', '--quiet'];
    const what = ['--variant=essential', `--include=${packagesOf(version).join()}`];
    const all = [
      ...bootstrap,
      ...what,
      ...unpack(unpackedOf(version)),
      ...(await options()),
      suite,
      root,
      source,
    ];
    await run(all, { limit: room(900_000) });
    const engine = await run(['chroot', root, 'dockerd', '--version']);
    const record = { engine, suite, mirror: mirror.uri, packages: packagesOf(version), builtAt: new Date() };
    writeFileSync(join(unfinished, 'built.json'), `${JSON.stringify(record, undefined, 2)}\n`);
    // Fails when another run was faster; then its root is as good as ours.
    if (!existsSync(folder)) renameSync(unfinished, folder);
    say(`Built the root of engine ${version} in ${Math.round((Date.now() - began) / 1000)} s`);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** Has mmdebstrap download packages and unpack them in a folder of the root, without their scripts. */
function unpack(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const hook = `set -eu
mkdir "$1${unpackedFolder}" "$1${unpackedFolder}.archives"
cd "$1${unpackedFolder}.archives"
APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get --option APT::Sandbox::User=root --quiet=2 download ${names.join(' ')}
for archive in *.deb; do dpkg-deb --extract "$archive" "$1${unpackedFolder}"; done
rm -r "$1${unpackedFolder}.archives"`;
  return [`--customize-hook=${hook}`];
}

/** Options of apt and dpkg in the new root. */
async function options(): Promise<string[]> {
  const unread = ['doc', 'man', 'locale', 'info'].map((name) => `path-exclude=/usr/share/${name}/*`);
  const apt = [
    // The mirror of a suite in development may lag behind; its signature is checked all the same.
    'Acquire::Check-Valid-Until "false"',
    // The way to the mirror, where the host needs one.
    ...(await run(['apt-config', 'dump', '--no-empty', '--format', '%F "%v"%n', 'Acquire']))
      .split('\n')
      .filter((line) => /::(Proxy|CAInfo)/i.test(line)),
  ];
  return [
    ...['force-unsafe-io', ...unread].map((option) => `--dpkgopt=${option}`),
    ...apt.map((option) => `--aptopt=${option}`),
  ];
}

function removeAbandoned(roots: string, suite: string): void {
  for (const name of existsSync(roots) ? readdirSync(roots) : []) {
    const pid = new RegExp(`^${suite}-.*\\.unfinished-(\\d+)$`).exec(name)?.[1];
    if (pid !== undefined && identify(Number(pid)) === undefined) {
      rmSync(join(roots, name), { recursive: true, force: true });
    }
  }
}
