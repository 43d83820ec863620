import { type Given, wrong } from '../listener/config/given.ts';
import { readChoice, readDuration, readPath, readPort } from '../listener/config/readers.ts';
import { longestCompanionWait } from '../listener/control/requests.ts';
import { type NotifierChoice, notifierChoices } from '../service/manifest.ts';
import { type OptionName, usage, type Values } from './options.ts';

/** What has to do with being a service of the system. */
export type ServiceCommand =
  | InstallCommand
  | UninstallCommand
  | { readonly kind: 'doctor'; readonly json: boolean; readonly user: boolean }
  /** Called by the companion unit; not in the help. */
  | CompanionCommand;

export interface InstallCommand {
  readonly kind: 'install';
  /** Says what would be done, and does nothing. */
  readonly dryRun: boolean;
  /** Asks nothing. */
  readonly yes: boolean;
  /** A user's own service, and not the system's. */
  readonly user: boolean;
  readonly wish: InstallWish;
}

/** What was said on the command line; the rest is as it was, or as it is best here. */
export interface InstallWish {
  readonly prefix?: string;
  readonly scriptDir?: string;
  readonly port?: number;
  readonly dockerUnit?: string;
  /** In whole seconds. */
  readonly stopWait?: number;
  readonly notifier?: NotifierChoice;
}

export interface UninstallCommand {
  readonly kind: 'uninstall';
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly user: boolean;
  readonly purge: boolean;
}

export interface CompanionCommand {
  readonly kind: 'companion';
  /** The unit that runs Docker. */
  readonly unit: string;
  /** Of a user's manager. */
  readonly user: boolean;
  /** In ms. */
  readonly wait: number;
}

/** The commands, as the table of all of them has them. */
export const serviceCommands = {
  install: {
    calls: [['', 'become a service that starts with the system; or renew it']],
    options: [
      'dry-run',
      'yes',
      'user',
      'prefix',
      'script-dir',
      'port',
      'docker-unit',
      'stop-wait',
      'notifier',
    ],
    read: install,
  },
  uninstall: {
    calls: [['', 'take away what install wrote, and nothing else']],
    options: ['dry-run', 'yes', 'user', 'purge'],
    read(values: Values, words: readonly string[]): UninstallCommand {
      noMore('uninstall', words);
      const { 'dry-run': dryRun = false, yes = false, user = false, purge = false } = values;
      return { kind: 'uninstall', dryRun, yes, user, purge };
    },
  },
  doctor: {
    calls: [['', 'what is wrong with the service, and what mends it']],
    options: ['user', 'json'],
    read(values: Values, words: readonly string[]): ServiceCommand {
      noMore('doctor', words);
      return { kind: 'doctor', json: values.json ?? false, user: values.user ?? false };
    },
  },
} as const;

function install(values: Values, words: readonly string[]): InstallCommand {
  noMore('install', words);
  const { 'dry-run': dryRun = false, yes = false, user = false, prefix, port, notifier } = values;
  const { 'script-dir': scriptDir, 'docker-unit': unit, 'stop-wait': stopWait } = values;
  return {
    kind: 'install',
    dryRun,
    yes,
    user,
    wish: {
      ...(prefix !== undefined && { prefix: readPlainPath('prefix', prefix) }),
      ...(scriptDir !== undefined && { scriptDir: readPlainPath('script-dir', scriptDir) }),
      ...(port !== undefined && { port: readPort(flag('port', port)) }),
      ...(unit !== undefined && { dockerUnit: readUnit(unit) }),
      ...(stopWait !== undefined && { stopWait: readStopWait(flag('stop-wait', stopWait)) }),
      ...(notifier !== undefined && { notifier: readChoice(flag('notifier', notifier), notifierChoices) }),
    },
  };
}

/** Reads what the companion unit calls: `companion stop UNIT TIME`, with `--user` in a user's manager. */
export function readCompanion({ user = false }: Values, words: readonly string[]): CompanionCommand {
  const [word, unit, wait, ...rest] = words;
  noMore('companion stop', rest);
  if (word !== 'stop' || unit === undefined || wait === undefined) {
    throw usage('companion is called by its unit', 'companion stop UNIT TIME');
  }
  return {
    kind: 'companion',
    unit: readUnit(unit),
    user,
    wait: readDuration({ value: wait, from: { kind: 'argument' } }),
  };
}

function noMore(command: string, [first]: readonly string[]): void {
  if (first !== undefined) throw usage(`${command} takes no argument: ${first}`, 'All options: --help');
}

function flag(name: OptionName, value: string): Given {
  return { value, from: { kind: 'flag', flag: `--${name}` } };
}

/** A path that stands in units and scripts: nothing in it that any of them would take for something else. */
function readPlainPath(name: OptionName, value: string): string {
  const path = readPath(flag(name, value));
  if (/^[\w@+=:,./ -]+$/.test(path) && path !== '/') return path;
  throw usage(
    `--${name}: ${JSON.stringify(path)} cannot stand in a unit`,
    'Use letters, digits and . _ - + @ =',
  );
}

/** In whole seconds; no longer than the listener lets a companion wait. */
function readStopWait(given: Given): number {
  const seconds = Math.ceil(readDuration(given) / 1000);
  if (seconds <= longestCompanionWait) return seconds;
  throw wrong(given, 'is longer than a stop may wait', `Give at most ${longestCompanionWait / 60}min`);
}

function readUnit(unit: string): string {
  if (/^[\w:.@\\-]+\.service$/.test(unit)) return unit;
  throw usage(
    `--docker-unit: ${JSON.stringify(unit)} is no service`,
    'Give the unit that runs Docker, as docker.service',
  );
}
