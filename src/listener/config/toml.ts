import { parse, TomlError } from 'smol-toml';
import { hintForFolder } from '../../hooks/event-hints.ts';
import { nearest } from '../../system/nearest.ts';
import { exitCode, UserError } from '../../system/user-error.ts';
import type { Input, Origin } from './input.ts';

/**
 * One table of a settings file, read key by key. Every method throws a UserError with exit code 78 that names
 * file, line and key when a value is of another kind than asked for.
 */
export interface Table {
  /** The first line of the table. */
  readonly from: Origin;
  text(key: string): Input | undefined;
  /** A number, or a text: as text. */
  textOrNumber(key: string): Input | undefined;
  boolean(key: string): Input<boolean> | undefined;
  list(key: string): readonly Input[] | undefined;
  /** A text, a number, or a list of them: as texts. */
  oneOrMore(key: string): readonly Input[] | undefined;
  /** Texts by name. */
  texts(key: string): ReadonlyMap<string, Input> | undefined;
  table(key: string): Table | undefined;
  /** The tables in this one, by name. */
  tables(): ReadonlyMap<string, Table>;
  /** To be called when everything known was asked for: what is left is an error, with the nearest known key. */
  end(): void;
}

type Values = Readonly<Record<string, unknown>>;

/**
 * Reads a settings file.
 * @throws UserError with exit code 78 for what is no TOML, with its line
 */
export function readToml(path: string, text: string): Table {
  try {
    return tableOf(path, text, [], parse(text));
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '') ?? 'malformed';
    throw new UserError(
      exitCode.badConfiguration,
      `${path}, line ${error.line}: ${reason}`,
      'See https://toml.io for how TOML is written',
    );
  }
}

function tableOf(path: string, text: string, at: readonly string[], values: Values): Table {
  const known = new Set<string>();
  const from = (key?: string): Origin => ({
    kind: 'file',
    path,
    line: lineOf(text, key === undefined ? at : [...at, key]),
  });
  const name = (key: string) => [...at, key].map(asKey).join('.');

  function mistaken(key: string, wanted: string): UserError {
    const { line } = from(key) as { line: number };
    return new UserError(
      exitCode.badConfiguration,
      `${path}, line ${line}: ${name(key)} is ${describeValue(values[key])}`,
      `Give ${wanted}`,
    );
  }

  function read<Value>(
    key: string,
    is: (value: unknown) => value is Value,
    wanted: string,
  ): Input<Value> | undefined {
    known.add(key);
    const value = values[key];
    if (value === undefined) return undefined;
    if (!is(value)) throw mistaken(key, wanted);
    return { value, from: from(key) };
  }

  return {
    from: from(),
    text: (key) => read(key, isText, 'a text in quotes'),
    textOrNumber(key) {
      const given = read(key, isTextOrNumber, 'a number, or a text in quotes');
      return given && { ...given, value: String(given.value) };
    },
    boolean: (key) => read(key, isBoolean, 'true or false'),
    list(key) {
      const given = read(key, isList, 'a list of texts, as ["one", "another"]');
      return given?.value.map((value) => ({ value, from: given.from }));
    },
    oneOrMore(key) {
      const given = read(key, isOneOrMore, 'a text in quotes, a number, or a list of them');
      return given && [given.value].flat().map((value) => ({ value: String(value), from: given.from }));
    },
    texts(key) {
      const given = read(key, isTexts, 'texts by name, as { NAME = "value" }');
      return (
        given &&
        new Map(Object.entries(given.value).map(([entry, value]) => [entry, { value, from: given.from }]))
      );
    },
    table(key) {
      const given = read(key, isTable, `a table, as [${name(key)}]`);
      return given && tableOf(path, text, [...at, key], given.value);
    },
    tables() {
      const tables = Object.entries(values).flatMap(([key, value]) => {
        known.add(key);
        if (!isTable(value)) throw mistaken(key, `a table, as [${name(key)}]`);
        return [[key, tableOf(path, text, [...at, key], value)] as const];
      });
      return new Map(tables);
    },
    end() {
      const unknown = Object.keys(values).find((key) => !known.has(key));
      if (unknown === undefined) return;
      const { near: folder } = unknown.startsWith('on_') ? hintForFolder(unknown) : {};
      const near = folder !== undefined && known.has(folder) ? folder : nearest(unknown, [...known]);
      const { line } = from(unknown) as { line: number };
      throw new UserError(
        exitCode.badConfiguration,
        `${path}, line ${line}: there is no setting ${name(unknown)}`,
        near === undefined ? `There are: ${[...known].sort().join(', ')}` : `Did you mean ${near}?`,
      );
    },
  };
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
const isTextOrNumber = (value: unknown): value is string | number =>
  isText(value) || typeof value === 'number';
const isList = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
const isOneOrMore = (value: unknown): value is string | number | (string | number)[] =>
  isTextOrNumber(value) || (Array.isArray(value) && value.every(isTextOrNumber));
const isTable = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
const isTexts = (value: unknown): value is Record<string, string> =>
  isTable(value) && Object.values(value).every(isText);

function describeValue(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Date) return 'a date or a time';
  // JSON has no nan and no inf.
  if (typeof value === 'number') return String(value);
  return typeof value === 'object' ? 'a table' : JSON.stringify(value);
}

function asKey(key: string): string {
  return /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
}

/**
 * The line on which a key stands, counted from 1; of what cannot be found (a key inside an inline table) that
 * of the key around it. The parser does not tell; this reads headers and keys as TOML writes them.
 */
export function lineOf(text: string, path: readonly string[]): number {
  let around: readonly string[] = [];
  let best = { line: 1, length: 0 };
  for (const [index, line] of text.split('\n').entries()) {
    const header = /^\s*\[+(.*?)\]+\s*(?:#.*)?$/.exec(line)?.[1];
    const key =
      header === undefined ? /^\s*((?:"(?:[^"\\]|\\.)*"|'[^']*'|[\w.\s-])+?)\s*=/.exec(line)?.[1] : undefined;
    if (header !== undefined) around = keysIn(header);
    const here = header !== undefined ? around : key !== undefined ? [...around, ...keysIn(key)] : [];
    if (here.length <= best.length || here.length > path.length) continue;
    if (here.every((part, at) => part === path[at])) best = { line: index + 1, length: here.length };
  }
  return best.line;
}

/** The parts of a dotted key, quoted or bare. */
function keysIn(dotted: string): string[] {
  const parts = dotted.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|([\w-]+)/g);
  return [...parts].map(([, basic, literal, bare]) => {
    if (basic === undefined) return literal ?? bare ?? '';
    try {
      return JSON.parse(`"${basic}"`) as string;
    } catch {
      return basic;
    }
  });
}
