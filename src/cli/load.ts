import { type Loaded, loadSettings } from '../listener/config/load.ts';
import type { RawSettings } from '../listener/config/raw-settings.ts';
import { usualScriptDir } from '../listener/config/settings.ts';
import { describeRefusal } from '../listener/words/refusal.ts';
import { walkToFile } from '../system/trust.ts';
import { exitCode, UserError } from '../system/user-error.ts';
import { FileRefused } from '../watch/endpoint/roots-own.ts';
import { processEnvironment, type UserEnvironment } from '../watch/endpoint/user-environment.ts';
import { fileRefusal } from '../watch/words.ts';
import type { SettingsRequest } from './settings-request.ts';

/**
 * The settings that hold, for a command line on this machine.
 * @throws UserError for what is wrong with them; with exit code 77 when another user could write the file
 */
export function load(
  { inputs, config }: SettingsRequest,
  fallback?: RawSettings,
  user: UserEnvironment = processEnvironment(),
  runsHooks = true,
): Loaded {
  try {
    return loadSettings(inputs, config, user, requireTrusted, fallback, runsHooks);
  } catch (error) {
    throw error instanceof FileRefused ? fileRefusal(error) : error;
  }
}

function requireTrusted(path: string, what = 'settings file'): void {
  const walked = walkToFile(path, process.geteuid?.() ?? 0);
  if (walked.trusted || walked.refusal.cause.kind === 'missing') return;
  const { found, fix } = describeRefusal(walked.refusal);
  throw new UserError(exitCode.notPermitted, `Will not read the ${what} ${path}: ${found}`, fix);
}

/** The same for a command that only asks a listener, which knows its script folder itself. */
export function loadForClient(inputs: SettingsRequest): Loaded {
  const fallback: RawSettings = { scriptDir: { value: usualScriptDir, from: { kind: 'default' } } };
  return load(inputs, fallback, processEnvironment(), false);
}
