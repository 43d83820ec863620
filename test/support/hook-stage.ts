import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { HookQueue } from '../../src/hooks/queue.ts';
import type { HookHost, HookReport } from '../../src/hooks/report.ts';
import { defaultHookSettings, type HookSettings } from '../../src/hooks/settings.ts';
import { unixEndpoint } from '../../src/watch/endpoint/endpoint.ts';
import type { LifecycleEvent, Transition } from '../../src/watch/lifecycle/transition.ts';
import { makePrivateFolder } from './private-folder.ts';
import { waitFor } from './wait-for.ts';

/** A folder of hooks, a queue that runs them, and what it reported. */
export interface HookStage {
  readonly folder: string;
  readonly reports: readonly HookReport[];
  readonly host: HookHost;
  readonly queue: HookQueue;
  /** Ends the queue. */
  readonly ending: AbortController;
  /** Kills what it runs. */
  readonly atOnce: AbortController;
  /** Writes a hook: a whole text, or lines that are put into a shell script. Returns its path. */
  hook(name: string, text: string, mode?: number): string;
  /** A path for a hook to write to. */
  path(name: string): string;
  /** The lines of a file that hooks wrote; none when there is no such file. */
  lines(name: string): string[];
  /** Runs the hooks of an event to their end. */
  run(event: LifecycleEvent): Promise<void>;
  push(event: LifecycleEvent): void;
  /** The reports of a kind, in order. */
  of<Kind extends HookReport['kind']>(kind: Kind): Extract<HookReport, { kind: Kind }>[];
  /** What hooks printed, line by line. */
  printed(): string[];
  /** Ends the queue, waits until all is over, and removes the folder. */
  clear(): Promise<void>;
}

export function createHookStage(settings: Partial<HookSettings> = {}): HookStage {
  const folder = makePrivateFolder('dll-hooks-', process.geteuid?.() ?? 0, process.env);
  const reports: HookReport[] = [];
  const printed: string[] = [];
  const ending = new AbortController();
  const atOnce = new AbortController();
  const { uid, username, homedir, shell } = userInfo();
  const host: HookHost = {
    scriptDir: folder,
    endpoint: unixEndpoint('/run/docker.sock'),
    account: { uid, username, home: homedir, shell: shell ?? '/bin/sh' },
    settings: { ...defaultHookSettings, ...settings },
    reach: () => ({ answers: true, startsOnConnect: false }),
    atOnce: atOnce.signal,
    report(report) {
      reports.push(report);
      if (report.kind === 'hook-output') printed.push(Buffer.from(report.line).toString());
    },
  };
  const queue = new HookQueue(host, ending.signal);
  let sequence = 0;

  function push(event: LifecycleEvent): void {
    sequence += 1;
    queue.push(transition(event, sequence));
  }

  function lines(name: string): string[] {
    const path = join(folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
  }

  return {
    folder,
    reports,
    host,
    queue,
    ending,
    atOnce,
    hook(name, text, mode = 0o755) {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
      writeFileSync(path, text.startsWith('#!') ? text : `#!/bin/sh\n${text}\n`);
      chmodSync(path, mode);
      return path;
    },
    path: (name) => join(folder, name),
    lines,
    push,
    async run(event) {
      push(event);
      await queue.idle();
    },
    of: (kind) => reports.filter((report) => report.kind === kind) as never,
    printed: () => [...printed],
    async clear() {
      ending.abort();
      atOnce.abort();
      await queue.idle();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function transition(event: LifecycleEvent, sequence = 1): Transition {
  const reason = event === 'start' ? 'engine-started' : 'shutdown';
  return { event, reason, source: 'engine', engine: 'default', at: 1_700_000_000_000, sequence };
}

/** Waits until a file has so many lines, and returns them. */
export async function waitForLines(stage: HookStage, name: string, count: number): Promise<string[]> {
  await waitFor(() => stage.lines(name).length >= count);
  return stage.lines(name);
}

/** Whether this process is alive: neither gone nor a zombie. */
export function lives(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !'ZX'.includes(stat.slice(stat.lastIndexOf(')') + 2)[0] ?? '');
  } catch {
    if (existsSync('/proc/self')) return false;
  }
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
