import { type ParseArgsConfig, parseArgs } from 'node:util';
import { errorCode, exitCode, Failure } from '../system/failure.ts';
import { nearest } from '../system/nearest.ts';

/**
 * Parts a command line into options and the rest.
 * @throws Failure with exit code 64 for an option that is unknown, with the nearest known one, or lacks its value
 */
export function parseOptions<const Options extends NonNullable<ParseArgsConfig['options']>>(
  words: readonly string[],
  options: Options,
) {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true });
  } catch (error) {
    throw badOption(error, Object.keys(options));
  }
}

function badOption(error: unknown, names: readonly string[]): unknown {
  if (!(error instanceof Error) || !errorCode(error)?.startsWith('ERR_PARSE_ARGS')) return error;
  // Node's own sentence, without its advice on what a word that begins with a dash may mean.
  const message = error.message.split('. ')[0] ?? error.message;
  const unknown = /'(--?[^']+)'/.exec(message)?.[1];
  const known = names.map((name) => `--${name}`);
  const near = unknown === undefined ? undefined : nearest(unknown, known);
  const isUnknown = errorCode(error) === 'ERR_PARSE_ARGS_UNKNOWN_OPTION';
  return usage(
    message,
    isUnknown && near !== undefined ? `Did you mean ${near}? All options: --help` : 'All options: --help',
  );
}

/** A command line that makes no sense. */
export function usage(message: string, cure?: string): Failure {
  return new Failure(exitCode.usage, message, cure);
}
