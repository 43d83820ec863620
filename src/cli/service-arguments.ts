import type { Given } from '../config/given.ts';
import { readDuration, readPath, readPort } from '../config/readers.ts';
import { parseOptions, usage } from './parse-options.ts';

/** What has to do with being a service of the system. */
export type ServiceCommand =
  | InstallCommand
  | UninstallCommand
  | { readonly kind: 'doctor'; readonly json: boolean }
  /** Called by the companion unit; not in the help. */
  | CompanionCommand;

export interface InstallCommand {
  readonly kind: 'install';
  /** Says what would be done, and does nothing. */
  readonly dryRun: boolean;
  /** Asks nothing. */
  readonly yes: boolean;
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
}

export interface UninstallCommand {
  readonly kind: 'uninstall';
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly purge: boolean;
}

export interface CompanionCommand {
  readonly kind: 'companion';
  readonly unit: string;
  /** In ms. */
  readonly wait: number;
}

/**
 * Reads a command line that begins with one of these commands; undefined for any other.
 * @throws Failure with exit code 64
 */
export function readServiceArguments([word, ...words]: readonly string[]): ServiceCommand | undefined {
  switch (word) {
    case 'install':
      return install(words);
    case 'uninstall':
      return uninstall(words);
    case 'doctor': {
      const { values, positionals } = parseOptions(words, { json: { type: 'boolean' } });
      noMore('doctor', positionals);
      return { kind: 'doctor', json: values.json ?? false };
    }
    case 'companion':
      return companion(words);
    default:
      return undefined;
  }
}

function install(words: readonly string[]): InstallCommand {
  const { values, positionals } = parseOptions(words, {
    'dry-run': { type: 'boolean' },
    yes: { type: 'boolean', short: 'y' },
    prefix: { type: 'string' },
    'script-dir': { type: 'string' },
    port: { type: 'string' },
    unit: { type: 'string' },
    'stop-wait': { type: 'string' },
  });
  noMore('install', positionals);
  const { prefix, port, unit } = values;
  const scriptDir = values['script-dir'];
  const stopWait = values['stop-wait'];
  return {
    kind: 'install',
    dryRun: values['dry-run'] ?? false,
    yes: values.yes ?? false,
    wish: {
      ...(prefix !== undefined && { prefix: readPlainPath('prefix', prefix) }),
      ...(scriptDir !== undefined && { scriptDir: readPlainPath('script-dir', scriptDir) }),
      ...(port !== undefined && { port: readPort(flag('port', port)) }),
      ...(unit !== undefined && { dockerUnit: readUnit(unit) }),
      ...(stopWait !== undefined && {
        stopWait: Math.ceil(readDuration(flag('stop-wait', stopWait)) / 1000),
      }),
    },
  };
}

function uninstall(words: readonly string[]): UninstallCommand {
  const { values, positionals } = parseOptions(words, {
    'dry-run': { type: 'boolean' },
    yes: { type: 'boolean', short: 'y' },
    purge: { type: 'boolean' },
  });
  noMore('uninstall', positionals);
  const { 'dry-run': dryRun = false, yes = false, purge = false } = values;
  return { kind: 'uninstall', dryRun, yes, purge };
}

function companion(words: readonly string[]): CompanionCommand {
  const { values, positionals } = parseOptions(words, { unit: { type: 'string' }, wait: { type: 'string' } });
  const [word, ...rest] = positionals;
  noMore('companion stop', rest);
  if (word !== 'stop' || values.unit === undefined || values.wait === undefined) {
    throw usage('companion is called by its unit', 'companion stop --unit UNIT --wait TIME');
  }
  return {
    kind: 'companion',
    unit: readUnit(values.unit),
    wait: readDuration(flag('wait', values.wait)),
  };
}

function noMore(command: string, [first]: readonly string[]): void {
  if (first !== undefined) throw usage(`${command} takes no argument: ${first}`, 'All options: --help');
}

function flag(name: string, value: string): Given {
  return { value, from: { kind: 'flag', flag: `--${name}` } };
}

/** A path that stands in units and scripts: nothing in it that any of them would take for something else. */
function readPlainPath(name: string, value: string): string {
  const path = readPath(flag(name, value));
  if (/^[\w@+=:,./ -]+$/.test(path) && path !== '/') return path;
  throw usage(
    `--${name}: ${JSON.stringify(path)} cannot stand in a unit`,
    'Use letters, digits and . _ - + @ =',
  );
}

function readUnit(unit: string): string {
  if (/^[\w:.@\\-]+\.service$/.test(unit)) return unit;
  throw usage(
    `--unit: ${JSON.stringify(unit)} is no service`,
    'Give the unit that runs Docker, as docker.service',
  );
}
