import { NotJson, parseJson } from '../../system/json.ts';
import { quote } from '../../system/shell-quote.ts';
import { describeFileProblem, readSmallFile } from '../../system/small-file.ts';
import { exitCode, UserError } from '../../system/user-error.ts';

/** The most bytes of a file of settings, ours and Docker's: thousands of times what people write. */
const longestConfiguration = 2 ** 20;

/**
 * Reads a configuration file as text.
 * @returns undefined when there is none
 * @throws UserError with exit code 78 for a file that cannot be read, is not regular, or is too large
 */
export function readConfigurationFile(path: string): string | undefined {
  const file = readSmallFile(path, longestConfiguration);
  if (file.kind === 'read') return file.bytes.toString('utf8');
  if (file.kind === 'missing') return undefined;
  const isForbidden = file.kind === 'unreadable' && file.code === 'EACCES';
  throw new UserError(
    isForbidden ? exitCode.notPermitted : exitCode.badConfiguration,
    `Cannot use the configuration: ${describeFileProblem(path, file)}`,
    `See: ls -ldL ${quote(path)}`,
  );
}

/**
 * Reads a configuration file of JSON. The error names the line and quotes nothing of the file.
 * @throws UserError with exit code 78
 */
export function readConfigurationJson(path: string, fix: string): unknown {
  const text = readConfigurationFile(path);
  if (text === undefined) return undefined;
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    throw new UserError(exitCode.badConfiguration, `${path} ${error.message}`, fix);
  }
}
