import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { readListener, type WatchedListener } from '../../../src/demo/listener.ts';
import { room } from '../wait-for.ts';
import { run } from './command.ts';
import { rootOf } from './folder.ts';

/**
 * Starts the listener with these words and those of the JSON log; `--verbose`, so that a test with many transitions a
 * minute finds each.
 * @param target which process is the listener, given the one that was started
 */
export function launchListener(
  words: readonly string[],
  target: (pid: number) => number = (pid) => pid,
): WatchedListener {
  const [file = '', ...rest] = [...words, '--verbose', '--log-format', 'json'];
  const child = spawn(file, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  return readListener(
    child,
    () => {},
    (signal) => child.pid !== undefined && process.kill(target(child.pid), signal),
    room(),
  );
}

/** Says a line as the original's notifier does, with busybox's `nc`, from where `words` lead. */
export async function sayAt(words: readonly string[], line: string, port: number): Promise<void> {
  await run([...words, join(rootOf('26.1'), 'bin/busybox'), 'nc', '127.0.0.1', String(port)], {
    input: line,
  });
}
