import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { makePrivateFolder } from '../../src/demo/private-folder.ts';
import { waitFor } from './wait-for.ts';

const user = process.geteuid?.() ?? 0;
const ourFolder = /^dll-(\d+)-/;

/**
 * Gives a run of the tests two folders of its own, in which each test makes its folders: one below the system's
 * folder for temporary files (TMPDIR), one that only root and this user can change (TEST_PLACE). After the last test,
 * failed or not, ends every process that names one of them and removes both. The same for a run that was killed: its
 * folders carry the number of a process that is gone.
 */
export default async function setup(): Promise<() => Promise<void>> {
  const prefix = `dll-${process.pid}-`;
  const folders = [
    realpathSync(mkdtempSync(join(tmpdir(), prefix))),
    makePrivateFolder(prefix, user, process.env),
  ] as const;
  [process.env.TMPDIR, process.env.TEST_PLACE] = folders;
  // Tests go on as other users too.
  for (const folder of folders) chmodSync(folder, 0o755);
  const parents = new Set(folders.map((folder) => dirname(folder)));
  const abandoned = [...parents].flatMap((parent) => foldersOfDeadRuns(parent));
  // Another run may remove them at the same time; what cannot be removed is left to the next run.
  if (abandoned.length > 0) await clear(abandoned).catch((error: unknown) => console.warn(String(error)));

  return async () => {
    const left = await clear(folders);
    for (const words of left) process.stdout.write(`Ended a process that a test left: ${words}\n`);
  };
}

function foldersOfDeadRuns(parent: string): string[] {
  return readdirSync(parent)
    .filter((name) => ourFolder.test(name) && !lives(Number(ourFolder.exec(name)?.[1])))
    .map((name) => join(parent, name));
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Ends the processes that name the folders, and removes these. Again and again, because a process that is being killed can
 * still write a file, and so can a child that it had just started.
 * @returns the command lines of the processes that had to be ended
 */
async function clear(folders: readonly string[]): Promise<Set<string>> {
  const ended = new Set<string>();
  let last: unknown;
  const isCleared = () => {
    for (const { pid, words } of processesNaming(folders)) {
      ended.add(words);
      endIfThere(pid);
    }
    try {
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
      return true;
    } catch (error) {
      last = error;
      return false;
    }
  };
  await waitFor(isCleared).catch(() => Promise.reject(last));
  return ended;
}

function endIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}

/** Processes whose command line, environment or working directory names a folder; none where there is no /proc. */
function processesNaming(folders: readonly string[]): { readonly pid: number; readonly words: string }[] {
  if (process.platform !== 'linux') return [];
  const parents = ancestors();
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && !parents.has(Number(name)))
    .flatMap((name) => {
      const [words, environment, place] = [read(name, 'cmdline'), read(name, 'environ'), cwd(name)];
      const named = folders.some((folder) => `${words}${place}${hookOf(environment)}`.includes(folder));
      return named ? [{ pid: Number(name), words: words.replaceAll('\0', ' ').trim() }] : [];
    });
}

/** The one variable of a hook's environment that names its place: a hook's child has it too. */
function hookOf(environment: string): string {
  return environment.split('\0').find((line) => line.startsWith('DOCKER_LIFECYCLE_HOOK=')) ?? '';
}

function ancestors(): Set<number> {
  const found = new Set([process.pid]);
  for (let pid = process.ppid; pid > 1 && !found.has(pid); ) {
    found.add(pid);
    pid = Number(/^PPid:\s+(\d+)/m.exec(read(String(pid), 'status'))?.[1] ?? 0);
  }
  return found;
}

function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    // It has ended, or is another user's.
    return '';
  }
}

function cwd(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}
