import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { type Ended, runProgram } from './program.ts';
import { program } from './stage.ts';

const driver = fileURLToPath(new URL('./command-process.js', import.meta.url));
const seen = new Set<string>();
let running: { readonly child: ChildProcess; readonly exit: Promise<never> } | undefined;
let last: Promise<unknown> = Promise.resolve();
// The worker goes on with other files.
afterAll(() => running?.child.disconnect());

interface CommandOptions {
  readonly environment?: NodeJS.ProcessEnv;
  /** The kind of call; by default the command. */
  readonly kind?: string | undefined;
}

/**
 * Runs a command to its end, as `runProgram` does. In each test file the first call of each kind is a process of its
 * own, which shows how that ends; further ones share a process (`command-process.js`), one after the other.
 */
export function runCommand(
  words: readonly string[],
  { environment = process.env, kind = words[0] ?? '' }: CommandOptions = {},
): Promise<Ended> {
  if (!seen.has(kind)) {
    seen.add(kind);
    return runProgram(words, { environment });
  }
  const result = last.then(() => ask(words, environment));
  last = result.catch(() => {});
  return result;
}

async function ask(words: readonly string[], environment: NodeJS.ProcessEnv): Promise<Ended> {
  running ??= start();
  const { child, exit } = running;
  child.send({ program, words, environment });
  const [answer] = await Promise.race([once(child, 'message'), exit]);
  return answer as Ended;
}

function start() {
  const child = spawn(process.execPath, [driver], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  child.unref();
  const exit = once(child, 'exit').then(([code]) => {
    throw new Error(`The process that runs commands ended with exit code ${code}`);
  });
  exit.catch(() => {});
  return { child, exit };
}
