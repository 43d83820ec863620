import type { Input } from './input.ts';
import type { Resolved } from './settings.ts';

/** One setting. Parsing, `config check`, `--help` and the table in docs/configuration.md are derived from it. */
export interface Setting<Value = unknown> {
  /** Its name in a settings file, with its table: `timeout.on_start`. */
  readonly key: string;
  /** Its form in a settings file. */
  readonly form: keyof Forms;
  /** Its place among the arguments, if it is one. */
  readonly argument?: 'first argument' | 'second argument';
  readonly flags?: { readonly [name: string]: Flag };
  /** Reads and writes the value; of a list, one of its values. */
  readonly type: ValueType<Value>;
  readonly default?: Value;
  /** A default that depends on this machine, line by line. */
  readonly defaultWords?: readonly string[];
  /** One sentence, line by line as `--help` shows it. */
  readonly about: readonly string[];
  /** The page of docs/ that says more. */
  readonly guide?: string;
  /** Finds the value that holds. Without it `config check` shows the setting only where it was given. */
  effective?(resolved: Resolved): Value | readonly Value[] | undefined;
}

/** Inputs by their form, before they are read. */
export interface Forms {
  readonly text: Input;
  /** A number, or a text. */
  readonly number: Input;
  readonly boolean: Input<boolean>;
  readonly list: readonly Input[];
  /** A text, or a list of them. */
  readonly patterns: readonly Input[];
  /** Texts by name. */
  readonly texts: ReadonlyMap<string, Input>;
}

/** Settings by their names in the program, before they are read. */
export type Inputs<Rows extends { readonly [name: string]: Pick<Setting, 'form'> }> = {
  readonly [Name in keyof Rows]?: Forms[Rows[Name]['form']] | undefined;
};

/** A flag of a setting. One without a value stands for a word: `--no-notifier` for `off`. */
export type Flag =
  | {
      readonly type: 'string';
      readonly short?: string;
      readonly multiple?: true;
      /** The name of its value in `--help`. */
      readonly value: string;
      readonly suggests?: 'file' | 'folder' | 'context' | readonly string[];
    }
  | {
      readonly type: 'boolean';
      readonly short?: string;
      readonly word: string;
      readonly about: readonly string[];
    };

/** Reads a value as it was given, and writes it as a settings file has it. */
export interface ValueType<Value> {
  /** @throws UserError naming the origin of a wrong value */
  read(input: Input): Value;
  write(value: Value): string | number;
}

/** The value of a setting: as it was given, else its default. */
export function readSetting<Value>(
  row: { readonly type: ValueType<Value>; readonly default: NoInfer<Value> },
  input: Input | undefined,
): Value;
export function readSetting<Value>(
  row: { readonly type: ValueType<Value> },
  input: Input | undefined,
): Value | undefined;
export function readSetting<Value>(
  row: { readonly type: ValueType<Value>; readonly default?: Value },
  input: Input | undefined,
): Value | undefined {
  return input === undefined ? row.default : row.type.read(input);
}

/** The default in words, line by line; empty where there is none. */
export function describeDefault({ type, default: value, defaultWords }: Setting): readonly string[] {
  return defaultWords ?? (value === undefined ? [] : [String(type.write(value))]);
}
