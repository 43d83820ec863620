import type { Input } from '../listener/config/input.ts';
import type { RawSettings } from '../listener/config/raw-settings.ts';
import { settingRows } from '../listener/config/rows.ts';
import type { Flag, Setting } from '../listener/config/setting.ts';
import { type OptionName, usage, type Values } from './options.ts';

/** Settings of the command line. */
export interface SettingsRequest {
  readonly inputs: RawSettings;
  /** The settings file that is named; `none` for no file. */
  readonly config: string | undefined;
}

/**
 * Takes settings from options and from the arguments of the original's call: a folder and a port.
 * @throws UserError with exit code 64 for options that exclude each other, and for too many arguments
 */
export function readSettingsRequest(
  values: Values,
  [folder, port, ...more]: readonly string[] = [],
): SettingsRequest {
  if (more[0] !== undefined) {
    throw usage(`One folder and one port are all that is taken, not also ${JSON.stringify(more[0])}`);
  }
  if (folder === '')
    throw usage('The script folder is empty', 'Give a path, as /etc/docker-lifecycle-listener.d');
  const flags = Object.entries(settingRows).map(([name, row]) => [name, inputOf(row, values)]);
  if (values['no-notifier'] && values.listen !== undefined) throw exclusive('no-notifier', 'listen');
  const inputs: RawSettings = {
    ...Object.fromEntries(flags),
    scriptDir: argument(folder) ?? flag('script-dir', values['script-dir']),
    port: argument(port),
  };
  return { inputs, config: values.config };
}

/** The input of a setting, from its flags; undefined where none was given. */
function inputOf({ flags = {} }: Setting, values: Values): Input | readonly Input[] | undefined {
  const given = (Object.entries(flags) as [OptionName, Flag][]).filter(
    ([name]) => values[name] !== undefined,
  );
  const [first, second] = given;
  if (first === undefined) return undefined;
  const [name, known] = first;
  if (second !== undefined) throw exclusive(name, second[0]);
  if (known.type === 'boolean') return flag(name, known.word);
  const value = values[name] as string | readonly string[];
  return typeof value === 'string' ? flag(name, value) : value.map((one) => flag(name, one));
}

function argument(value: string | undefined): Input | undefined {
  return value === undefined ? undefined : { value, from: { kind: 'argument' } };
}

/** The value of a flag, with its origin. */
export function flag(name: OptionName, value: string): Input;
export function flag(name: OptionName, value: string | undefined): Input | undefined;
export function flag(name: OptionName, value: string | undefined): Input | undefined {
  return value === undefined ? undefined : { value, from: { kind: 'flag', flag: `--${name}` } };
}

function exclusive(one: OptionName, other: OptionName) {
  return usage(`--${one} and --${other} exclude each other`, 'Give one of them');
}
