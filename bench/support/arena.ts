import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makePrivateFolder } from '../../src/demo/private-folder.ts';
import { compile } from './compile.ts';

/** One run of the stub. */
export interface HookTime {
  readonly event: string;
  /** The system's monotonic clock, as `now()` reads it, in ms. */
  readonly at: number;
  readonly engine: string;
}

/** A place for measurements: programs, script folders, sockets. */
export interface Arena {
  readonly folder: string;
  /** Makes a script folder with the stub in `on_start` and `on_stop`. */
  scripts(name: string): Scripts;
  clear(): void;
}

export interface Scripts {
  readonly folder: string;
  /** Every run of the stub so far, in the order in which they wrote. */
  times(): HookTime[];
  removeHooks(): void;
}

const events = ['on_start', 'on_stop'];

export function createArena(): Arena {
  const folder = makePrivateFolder('dll-bench-', process.geteuid?.() ?? 0, process.env);
  let stub: string | undefined;
  return {
    folder,
    scripts(name) {
      stub ??= compile('stub.c', folder);
      const scripts = join(folder, name);
      const hooks = events.map((event) => join(scripts, event, 'stub'));
      for (const hook of hooks) {
        mkdirSync(dirname(hook), { recursive: true, mode: 0o755 });
        copyFileSync(stub, hook);
      }
      return {
        folder: scripts,
        times: () => readTimes(join(scripts, 'times')),
        removeHooks: () => hooks.forEach((hook) => void rmSync(hook)),
      };
    },
    clear: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The clock that the stub reads (CLOCK_MONOTONIC), in ms. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function readTimes(path: string): HookTime[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [event = '', monotonic = '', , engine = ''] = line.split(' ');
      return { event, at: Number(monotonic) / 1e6, engine };
    });
}
