import { eventFolders } from '../../hooks/engine-events.ts';
import { eventRows, filterRows, hookRows, type RawHookSettings, repeatRows } from './hook-rows.ts';
import { settingRows } from './rows.ts';
import type { Inputs, Setting } from './setting.ts';
import type { Table } from './toml.ts';

/** Settings of the command line or of a file, before they are read. */
export interface RawSettings extends Inputs<typeof settingRows> {
  /** By a hook's name with its folder: `on_start/10-hello`. */
  readonly hooks?: ReadonlyMap<string, RawHookSettings>;
}

/**
 * The settings in a settings file.
 * @throws UserError with exit code 78 for unknown keys and values of the wrong kind
 */
export function rawSettingsIn(file: Table): RawSettings {
  const raw = { ...inputsIn(file, settingRows), hooks: new Map(hooksIn(file)) };
  file.end();
  return raw;
}

type Rows = { readonly [name: string]: Pick<Setting, 'key' | 'form'> };

/** Reads the inputs of rows; all tables but `file` itself are read to their ends. */
function inputsIn<R extends Rows>(file: Table, rows: R): Inputs<R> {
  const tables = new Map<string, Table | undefined>();
  const inputs = Object.entries(rows).map(([name, { key, form }]) => {
    const [first = '', second] = key.split('.');
    if (second === undefined) return [name, inputIn(file, first, form)] as const;
    if (!tables.has(first)) tables.set(first, file.table(first));
    return [name, inputIn(tables.get(first), second, form)] as const;
  });
  for (const table of tables.values()) table?.end();
  return Object.fromEntries(inputs) as Inputs<R>;
}

function inputIn(table: Table | undefined, key: string, form: Setting['form']) {
  switch (form) {
    case 'text':
      return table?.text(key);
    case 'number':
      return table?.textOrNumber(key);
    case 'boolean':
      return table?.boolean(key);
    case 'list':
      return table?.list(key);
    case 'patterns':
      return table?.oneOrMore(key);
    case 'texts':
      return table?.texts(key);
    default:
      return form satisfies never;
  }
}

function* hooksIn(file: Table): Generator<[string, RawHookSettings]> {
  for (const folder of ['on_start', 'on_stop']) yield* folderIn(file, folder, repeatableHook);
  yield* folderIn(file, 'while_running', (hook) => inputsIn(hook, hookRows));
  for (const folder of eventFolders.keys()) yield* folderIn(file, folder, eventHook);
}

function* folderIn(
  file: Table,
  folder: string,
  read: (hook: Table) => RawHookSettings,
): Generator<[string, RawHookSettings]> {
  for (const [name, hook] of file.table(folder)?.tables() ?? []) {
    const raw = read(hook);
    hook.end();
    yield [`${folder}/${name}`, raw];
  }
}

function repeatableHook(hook: Table): RawHookSettings {
  return { ...inputsIn(hook, hookRows), ...inputsIn(hook, repeatRows) };
}

function eventHook(hook: Table): RawHookSettings {
  const when = hook.table('when');
  const filter = when && inputsIn(when, filterRows);
  when?.end();
  return { ...repeatableHook(hook), when: filter, ...inputsIn(hook, eventRows) };
}

/** The command line's word counts before the file's; which engines to watch is one word of each. */
export function overlay(file: RawSettings, line: RawSettings): RawSettings {
  const said = Object.fromEntries(Object.entries(line).filter(([, value]) => value !== undefined));
  const engines = line.hosts || line.contexts ? { hosts: undefined, contexts: undefined } : {};
  return { ...file, ...engines, ...said };
}
