import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';

/** Programs that print something or succeed for a file with capabilities; Node reads no extended attributes itself. */
const askers: readonly { readonly words: readonly string[]; readonly tells: 'output' | 'success' }[] = [
  { words: ['getcap'], tells: 'output' },
  { words: ['getfattr', '--absolute-names', '-n', 'security.capability'], tells: 'success' },
];

/** How many files are remembered, so that a folder that changes all the time takes no memory. */
const most = 1000;
const known = new Map<string, boolean>();

/**
 * Whether a binary has file capabilities (capabilities(7)), which give it more rights than its user has, as a set-user-ID
 * bit does. The kernel takes no notice of those of a script. A process is started to find it out, once for each state of a
 * file: setting capabilities changes the file's ctime. Where neither `getcap` nor `getfattr` is installed none are found.
 */
export function hasCapabilities(path: string): boolean {
  if (process.platform !== 'linux') return false;
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) return false;
  const state = `${stats.dev}:${stats.ino}:${stats.ctimeNs}`;
  const found = known.get(state) ?? ask(path);
  // Neither can be asked: they are missing, or the system is short of something for now.
  if (found === undefined) return false;
  if (known.size >= most) known.clear();
  known.set(state, found);
  return found;
}

function ask(path: string): boolean | undefined {
  const env = { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
  for (const { words, tells } of askers) {
    const [command = '', ...rest] = words;
    const { error, status, stdout } = spawnSync(command, [...rest, path], {
      env,
      timeout: 5000,
      encoding: 'utf8',
    });
    if (error === undefined) return tells === 'output' ? stdout.trim() !== '' : status === 0;
  }
  return undefined;
}
