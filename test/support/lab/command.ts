import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { room } from '../wait-for.ts';

export interface CommandOptions {
  /** What the command reads; nothing by default. */
  readonly input?: Readable | string;
  readonly environment?: NodeJS.ProcessEnv;
  /** After so many ms it is killed, and rejected; 120,000 by default, and more on a busy machine. */
  readonly limit?: number;
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end and tells how it went, whatever its exit code. */
export async function attempt(
  words: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const [file = '', ...rest] = words;
  const { input, environment = process.env, limit = room(120_000) } = options;
  const child = spawn(file, rest, {
    env: environment,
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: limit,
    killSignal: 'SIGKILL',
  });
  const exit = once(child, 'exit') as Promise<[number | null]>;
  // A command that ends before it has read everything says why on its standard error.
  child.stdin.on('error', () => {});
  if (typeof input === 'object') input.pipe(child.stdin);
  else child.stdin.end(input);
  const [[code], stdout, stderr] = await Promise.all([exit, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}

/**
 * Runs a command and gives what it printed, trimmed.
 * @throws Error with its words and standard error when it fails
 */
export async function run(words: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await attempt(words, options);
  if (code !== 0) {
    throw new Error(
      `${words.join(' ')}: ended with ${code ?? 'a signal'}\n${stderr.trim() || stdout.trim()}`,
    );
  }
  return stdout.trim();
}
