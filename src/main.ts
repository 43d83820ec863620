#!/usr/bin/env node
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readArguments } from './cli/arguments.ts';
import { commands } from './cli/commands.ts';
import { endUnexpectedly } from './cli/end-unexpectedly.ts';
import { calledAs, completionWords, endWithDocker, environmentOf, readCall } from './cli/plugin/call.ts';
import { endWithReader } from './cli/print.ts';
import { writeError } from './system/journal-stream.ts';
import { printableText } from './system/printable.ts';
import { exitCode, UserError } from './system/user-error.ts';

async function main(): Promise<number> {
  const call = readCall(process.argv);
  if (call.by === 'docker-asking') {
    const { metadata } = await import('./cli/plugin/wrapper.ts');
    process.stdout.write(`${metadata()}\n`);
    return exitCode.done;
  }
  const [first = '', ...rest] = call.words;
  if (completionWords.includes(first)) return answerCompletion(first, rest);
  const globals = call.by === 'docker' ? call.globals : {};
  if (call.by === 'docker') {
    for (const [variable, value] of Object.entries(environmentOf(globals))) {
      if (value === undefined) delete process.env[variable];
      else process.env[variable] = value;
    }
    await endWithDocker();
  }
  const invocation = readArguments(call.words, globals);
  if (!invocation.outlivesReader) endWithReader();
  return invocation.run();
}

async function answerCompletion(kind: string, words: readonly string[]): Promise<never> {
  const { answer } = await import('./cli/completion/answer.ts');
  const text = await answer(commands, words, kind === '__complete');
  // A listener that has not answered yet must not hold up a shell.
  process.stdout.write(text, () => process.exit(exitCode.done));
  return new Promise<never>(() => {});
}

/**
 * Ends the program where a part of it cannot be loaded, with one line. The built program calls it before anything is
 * loaded (`scripts/parts.js`), so it uses nothing but Node.
 */
function endIncomplete(error: unknown): never {
  const folder = fileURLToPath(new URL('parts', import.meta.url));
  const found = existsSync(folder) ? `is incomplete or of another version (${error})` : 'is missing';
  const line = `the folder ${folder} ${found}. Copy the whole folder dist, or install the program again`;
  process.stderr.write(`docker-lifecycle-listener: ${line.replace(/\p{Cc}/gu, '?')}\n`);
  process.exit(70);
}

/**
 * Returns whether Node could not load a module: each module that the program loads while it runs is a part. A part that
 * is empty, or cut off between two statements, is loaded; what it exports is at its end, and then is not a function.
 */
function isOfLoading(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof TypeError) return hasPartWithoutExports();
  const code = 'code' in error ? error.code : undefined;
  const isMissing = code === 'ERR_MODULE_NOT_FOUND';
  // Node names the file that it may not read by a path or by a URL.
  const isForbidden = code === 'EACCES' && 'path' in error && isPart(String(error.path));
  return (
    isMissing ||
    isForbidden ||
    (error instanceof SyntaxError && /node:internal\/modules/.test(error.stack ?? ''))
  );
}

function isPart(path: string): boolean {
  return path.includes('/parts/') && path.endsWith('.js');
}

function hasPartWithoutExports(): boolean {
  const folder = fileURLToPath(new URL('parts', import.meta.url));
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.some((name) => !/(?:^|[;}])export ?\{/m.test(readFileSync(join(folder, name), 'utf8')));
}

process.on('uncaughtException', endUnexpectedly);
try {
  process.exitCode = await main();
} catch (error) {
  if (isOfLoading(error)) endIncomplete(error);
  if (!(error instanceof UserError)) endUnexpectedly(error);
  const fix = error.fix === undefined ? [] : [`  ${printableText(error.fix)}`];
  writeError([`${calledAs()}: ${printableText(error.message)}`, ...fix]);
  process.exitCode = error.exitCode;
}
