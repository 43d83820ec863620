import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';

/** Programs that print something or succeed for a file with capabilities; Node reads no extended attributes itself. */
const askers: readonly { readonly words: readonly string[]; readonly tells: 'output' | 'success' }[] = [
  { words: ['getcap'], tells: 'output' },
  { words: ['getfattr', '--absolute-names', '-n', 'security.capability'], tells: 'success' },
];

/** Most files that are remembered, so that a folder that changes all the time takes no memory. */
const most = 1000;
const known = new Map<string, boolean>();

/** Most files that one process is asked about: 200 of the longest paths stay below the limit of arguments. */
const atOnce = 200;

/**
 * Reports whether a binary has file capabilities (capabilities(7)), which give it more rights than its user has, as a set-user-ID
 * bit does. The kernel takes no notice of those of a script. A process is started to find it out, once for each state of a
 * file: setting capabilities changes the file's ctime. Where neither `getcap` nor `getfattr` is installed none are found.
 */
export function hasCapabilities(path: string): boolean {
  const state = stateOf(path);
  if (state === undefined) return false;
  const found = known.get(state) ?? ask(path);
  // Neither can be asked: they are missing, or the system is short of something for now.
  if (found === undefined) return false;
  remember(state, found);
  return found;
}

/** Asks about many binaries with few processes, where none of them has capabilities; else `hasCapabilities` asks about each. */
export function learnCapabilities(paths: readonly string[]): void {
  const states = new Map(
    paths.flatMap((path) => {
      const state = stateOf(path);
      return state === undefined || known.has(state) ? [] : [[state, path] as const];
    }),
  );
  const unknown = [...states].slice(0, most);
  for (let at = 0; at < unknown.length; at += atOnce) {
    const some = unknown.slice(at, at + atOnce);
    const { status, stdout } = run(
      ['getcap'],
      some.map(([, path]) => path),
    );
    if (status === 0 && stdout.trim() === '') for (const [state] of some) remember(state, false);
  }
}

/** Returns undefined where there is no such file, and where files have no capabilities. */
function stateOf(path: string): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}:${stats.ctimeNs}`;
}

function remember(state: string, found: boolean): void {
  if (known.size >= most) known.clear();
  known.set(state, found);
}

function ask(path: string): boolean | undefined {
  for (const { words, tells } of askers) {
    const { error, status, stdout } = run(words, [path]);
    if (error === undefined) return tells === 'output' ? stdout.trim() !== '' : status === 0;
  }
  return undefined;
}

function run([command = '', ...words]: readonly string[], paths: readonly string[]) {
  const env = { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
  return spawnSync(command, [...words, ...paths], { env, timeout: 5000, encoding: 'utf8' });
}
