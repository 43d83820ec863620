#!/usr/bin/env node
import { readArguments } from './cli/arguments.ts';
import { commands } from './cli/commands.ts';
import { endUnexpectedly } from './cli/end-unexpectedly.ts';
import { calledAs, completionWords, endWithDocker, environmentOf, readCall } from './cli/plugin/call.ts';
import { endWithReader } from './cli/print.ts';
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

process.on('uncaughtException', endUnexpectedly);
try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UserError)) endUnexpectedly(error);
  const fix = error.fix === undefined ? '' : `\n  ${printableText(error.fix)}`;
  process.stderr.write(`${calledAs()}: ${printableText(error.message)}${fix}\n`);
  process.exitCode = error.exitCode;
}
