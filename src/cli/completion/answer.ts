import { printableText } from '../../system/printable.ts';
import type { Command } from '../command.ts';
import { type Completion, complete } from './complete.ts';
import { look } from './look.ts';

/** Completes the last word, and describes the result for a shell. */
export async function answer(
  commands: readonly Command[],
  words: readonly string[],
  descriptions: boolean,
): Promise<string> {
  return describeCompletion(await complete(commands, words, look), descriptions);
}

/**
 * A completion as Docker and our own scripts read it, which is cobra's way (its `ShellCompDirective`): a candidate
 * a line, with what it does behind a tab, and at the end a number that says what else may stand there.
 */
function describeCompletion({ candidates, also }: Completion, descriptions: boolean): string {
  const lines = candidates
    // What moves the cursor is no name that anybody could type.
    .filter(({ value }) => printableText(value) === value && !/\s/.test(value))
    .map(({ value, about }) => (descriptions && about !== '' ? `${value}\t${short(about)}` : value));
  return [...lines, `:${directives[also ?? 'nothing']}`, ''].join('\n');
}

const directives = { files: 0, nothing: 4, folders: 16 } as const;

/** The first thing that is said. */
function short(about: string): string {
  return printableText(about).split(/[;,:] |[;,:]$/)[0] ?? '';
}
