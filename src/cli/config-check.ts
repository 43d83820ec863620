import {
  eventRows,
  filterRows,
  hookRows,
  type RawHookSettings,
  repeatRows,
} from '../listener/config/hook-rows.ts';
import { describeOrigin, type Input } from '../listener/config/input.ts';
import type { Loaded } from '../listener/config/load.ts';
import { settingRows } from '../listener/config/rows.ts';
import { describeDefault, type Forms, type Setting } from '../listener/config/setting.ts';
import { type ExitCode, exitCode } from '../system/user-error.ts';
import type { EngineSettings } from '../watch/settings.ts';
import { load } from './load.ts';
import type { RunRequest } from './run-request.ts';

/** A line of a settings file, and the origin of its value. */
type Line = readonly [text: string, from: string];
type AnyInput = Forms[keyof Forms] | undefined;

/** Prints the settings that hold. Returns the exit code. */
export function showSettings(request: RunRequest): ExitCode {
  process.stdout.write(describeSettings(load(request)));
  return exitCode.done;
}

/** The settings that hold as a settings file would have them, each with its origin. */
function describeSettings(loaded: Loaded): string {
  const { settings, inputs, file } = loaded;
  const lines = [
    ...Object.entries(settingRows).flatMap(([name, row]: [string, Setting]) => {
      const input = inputs[name as keyof typeof settingRows];
      switch (row.key) {
        case 'hosts':
          return engineLines(settings.engines, inputs.pidfile);
        case 'contexts':
        case 'pidfile':
          return [];
        default:
          return settingLines(row, input, loaded);
      }
    }),
    ...[...(inputs.hooks ?? [])].flatMap(([name, hook]) => hookLines(name, hook)),
  ];
  const width = Math.max(...lines.map(([text]) => text.length));
  const head = file === undefined ? '# No settings file' : `# Settings file: ${file}`;
  return `${head}\n${lines.map(([text, from]) => `${text.padEnd(width)}  # ${from}`).join('\n')}\n`;
}

function settingLines(row: Setting, input: AnyInput, loaded: Loaded): Line[] {
  const { key, type } = row;
  if (row.effective === undefined) return inputLines(key, input);
  const value = row.effective(loaded);
  if (value === undefined) return [[`# ${key}: ${describeDefault(row).join(' ')}`, 'default']];
  const written = Array.isArray(value) ? value.map((one) => type.write(one)) : type.write(value);
  return [line(key, written, firstOf(input))];
}

/** Lines of an input as it was given; none where it was not. */
function inputLines(key: string, input: AnyInput): Line[] {
  if (input === undefined) return [];
  if (input instanceof Map) {
    return [...input].map(([name, value]) => line(`${key}.${name}`, value.value, value));
  }
  if (Array.isArray(input))
    return [
      line(
        key,
        input.map(({ value }) => value),
        input[0],
      ),
    ];
  const { value } = input as Input<string | boolean>;
  return [line(key, value, input as Input<unknown>)];
}

function firstOf(input: AnyInput): Input<unknown> | undefined {
  return Array.isArray(input) ? input[0] : (input as Input<unknown> | undefined);
}

function hookLines(hook: string, { when, ...inputs }: RawHookSettings): Line[] {
  const [folder = '', ...rest] = hook.split('/');
  const at = `${folder}.${JSON.stringify(rest.join('/'))}`;
  const { environment, ...rows } = { ...hookRows, ...repeatRows };
  const linesOf = (
    table: string,
    rows: { readonly [name: string]: { readonly key: string } },
    values: { readonly [name: string]: AnyInput },
  ) => Object.entries(rows).flatMap(([name, { key }]) => inputLines(`${table}.${key}`, values[name]));
  return [
    ...linesOf(at, rows, inputs),
    ...linesOf(`${at}.when`, filterRows, when ?? {}),
    ...linesOf(at, { ...eventRows, environment }, inputs),
  ];
}

/** Each engine by its endpoint, whether it was given as a host, as a context, or found. */
function engineLines(engines: readonly EngineSettings[], pidfile: Input | undefined): Line[] {
  return engines.flatMap(({ name, endpoint, chosenBy, pidfile: path }): Line[] => {
    const context = name === endpoint.url || name === 'default' ? '' : `, context ${name}`;
    const from = chosenBy === 'found' ? 'found there, nothing is at the default socket' : chosenBy;
    return [
      [`hosts = ${JSON.stringify([endpoint.url])}`, `${from}${context}`],
      line('pidfile', path ?? 'none', pidfile),
    ];
  });
}

function line(
  key: string,
  value: string | number | boolean | readonly (string | number)[],
  input: Input<unknown> | undefined,
): Line {
  return [`${key} = ${JSON.stringify(value)}`, input === undefined ? 'default' : describeOrigin(input.from)];
}
