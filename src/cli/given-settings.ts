import type { Given } from '../listener/config/given.ts';
import type { RawSettings } from '../listener/config/raw-settings.ts';
import { type OptionName, usage, type Values } from './options.ts';

/** Settings as the command line has them. */
export interface GivenSettings {
  readonly given: RawSettings;
  /** The settings file that is named; `none` for no file. */
  readonly config: string | undefined;
}

/**
 * Takes settings from options and from the words of the original's call: a folder and a port.
 * @throws UserError with exit code 64 for what excludes each other, and for too many words
 */
export function givenSettings(
  values: Values,
  [folder, port, ...more]: readonly string[] = [],
): GivenSettings {
  if (more[0] !== undefined) {
    throw usage(`One folder and one port are all that is taken, not also ${JSON.stringify(more[0])}`);
  }
  if (folder === '')
    throw usage('The script folder is empty', 'Give a path, as /etc/docker-lifecycle-listener.d');
  const given: RawSettings = {
    scriptDir: argument(folder) ?? flag('script-dir', values['script-dir']),
    port: argument(port),
    hosts: flags('host', values.host),
    contexts: flags('context', values.context),
    pidfile: flag('pidfile', values.pidfile),
    whenStarted: flag('when-started', values['when-started']),
    heartbeat: flag('heartbeat', values.heartbeat),
    stateDir: flag('state-dir', values['state-dir']),
    control: flag('control', values.control),
    listen: flags('listen', values.listen),
    notifier: notifierMode(values),
    metrics: flag('metrics', values.metrics),
    logFormat: flag('log-format', values['log-format']),
    verbosity: verbosity(values),
  };
  return { given, config: values.config };
}

function argument(value: string | undefined): Given | undefined {
  return value === undefined ? undefined : { value, from: { kind: 'argument' } };
}

/** The value of a flag, with its origin. */
export function flag(name: OptionName, value: string): Given;
export function flag(name: OptionName, value: string | undefined): Given | undefined;
export function flag(name: OptionName, value: string | undefined): Given | undefined {
  return value === undefined ? undefined : { value, from: { kind: 'flag', flag: `--${name}` } };
}

function flags(name: OptionName, values: readonly string[] | undefined): Given[] | undefined {
  return values?.map((value) => ({ value, from: { kind: 'flag', flag: `--${name}` } }));
}

function notifierMode(values: Values): Given | undefined {
  const { 'no-notifier': off, 'trust-notifier': trusted } = values;
  if (off && trusted) throw exclusive('--no-notifier', '--trust-notifier');
  if (off && values.listen !== undefined) throw exclusive('--no-notifier', '--listen');
  if (off) return flag('no-notifier', 'off');
  return trusted ? flag('trust-notifier', 'trusted') : undefined;
}

function verbosity({ verbose, quiet }: Values): Given | undefined {
  if (verbose && quiet) throw exclusive('--verbose', '--quiet');
  if (quiet) return flag('quiet', 'quiet');
  return verbose ? flag('verbose', 'verbose') : undefined;
}

function exclusive(one: string, other: string) {
  return usage(`${one} and ${other} exclude each other`, 'Give one of them');
}
