import { isDeepStrictEqual } from 'node:util';
import { replaceHookSettings } from '../../hooks/settings.ts';
import type { Loaded } from './load.ts';
import { liveRows, settingRows } from './rows.ts';
import type { Setting } from './setting.ts';
import type { LogSettings, Settings } from './settings.ts';

/** The keys of settings that a changed settings file gives another value. */
export interface SettingChanges {
  /** Those that count from the next hook or log line on. */
  readonly applied: readonly string[];
  /** Those that count when the listener is started again. */
  readonly restart: readonly string[];
}

/** The settings of a listener that runs: those of hooks and of the log can change while it does. */
export class LiveSettings {
  /** Its `hooks` change in place, so that everything that holds them has the new ones. */
  readonly settings: Settings;
  /** The settings of the start. */
  readonly #started: Loaded;
  readonly #read: () => Loaded;
  #log: LogSettings;

  /** @param read reads the settings again, from the same command line */
  constructor(started: Loaded, read: () => Loaded) {
    this.settings = { ...started.settings, hooks: { ...started.settings.hooks } };
    this.#started = started;
    this.#log = started.log;
    this.#read = read;
  }

  get log(): LogSettings {
    return this.#log;
  }

  /**
   * Reads the settings again and applies those that can be applied. Hooks that run keep theirs.
   * @throws UserError when they cannot be read; then nothing changes
   */
  reload(): SettingChanges {
    const next = this.#read();
    const changes = this.#changes(next);
    replaceHookSettings(this.settings.hooks, next.settings.hooks);
    this.#log = next.log;
    return changes;
  }

  #changes(next: Loaded): SettingChanges {
    const now = { ...this.#started, settings: this.settings, log: this.#log };
    const before = now.settings.hooks.hooks;
    const after = next.settings.hooks.hooks;
    const isChanged = (name: string) => !isDeepStrictEqual(before.get(name), after.get(name));
    const later = Object.fromEntries(Object.entries(settingRows).filter(([name]) => !(name in liveRows)));
    return {
      applied: [
        ...changedKeys(liveRows, now, next),
        ...[...new Set([...before.keys(), ...after.keys()])].filter(isChanged),
      ],
      restart: changedKeys(later, this.#started, next),
    };
  }
}

function changedKeys(rows: { readonly [name: string]: Setting }, before: Loaded, after: Loaded): string[] {
  return Object.entries(rows).flatMap(([name, row]) =>
    isDeepStrictEqual(settingIn(before, name, row), settingIn(after, name, row)) ? [] : [row.key],
  );
}

function settingIn(loaded: Loaded, name: string, row: Setting): unknown {
  if (row.effective !== undefined) return row.effective(loaded);
  // The variables of the file and of the table are one.
  if (name === 'environment') return loaded.settings.hooks.environment;
  if (name === 'environmentFile') return undefined;
  const input: unknown = loaded.inputs[name as keyof typeof settingRows];
  return Array.isArray(input) ? input.map(({ value }) => value) : (input as { value?: unknown })?.value;
}
