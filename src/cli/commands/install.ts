import { wrong } from '../../listener/config/input.ts';
import { readChoice, readDuration, readPath, readPort } from '../../listener/config/readers.ts';
import { longestCompanionWait } from '../../listener/control/protocol.ts';
import type { Command } from '../command.ts';
import type { InstallRequest } from '../install.ts';
import { type OptionName, options, usage, type Values } from '../options.ts';
import { noArgument, readUnit } from '../read-words.ts';
import { flag } from '../settings-request.ts';

export const install: Command<InstallRequest> = {
  name: 'install',
  calls: [['', 'become a service that starts with the system; or renew it']],
  options: [
    'dry-run',
    'yes',
    'verbose',
    'user',
    'prefix',
    'node',
    'script-dir',
    'port',
    'docker-unit',
    'stop-wait',
    'notifier',
  ],
  examples: [
    'sudo docker-lifecycle-listener install --dry-run',
    'sudo docker-lifecycle-listener install --yes --script-dir /etc/docker-lifecycle-listener.d',
    'docker-lifecycle-listener install --user',
  ],
  read(values, words) {
    noArgument('install', words);
    const { 'dry-run': dryRun = false, yes = false, verbose = false, user = false } = values;
    return { dryRun, yes, verbose, user, options: readOptions(values) };
  },
  async run(request, commands) {
    const [{ install }, { manual }] = await Promise.all([import('../install.ts'), import('../manual.ts')]);
    return install(request, manual(commands));
  },
};

function readOptions(values: Values): InstallRequest['options'] {
  const { prefix, node, port, notifier } = values;
  const { 'script-dir': scriptDir, 'docker-unit': unit, 'stop-wait': stopWait } = values;
  return {
    ...(prefix !== undefined && { prefix: readPlainPath('prefix', prefix) }),
    ...(node !== undefined && { node: readPath(flag('node', node)) }),
    ...(scriptDir !== undefined && { scriptDir: readPlainPath('script-dir', scriptDir) }),
    ...(port !== undefined && { port: readPort(flag('port', port)) }),
    ...(unit !== undefined && { dockerUnit: readUnit(unit) }),
    ...(stopWait !== undefined && { stopWait: readStopWait(stopWait) }),
    ...(notifier !== undefined && {
      notifier: readChoice(flag('notifier', notifier), options.notifier.suggests),
    }),
  };
}

/** A path for units and scripts: without characters that any of them interprets. */
function readPlainPath(name: OptionName, value: string): string {
  const path = readPath(flag(name, value));
  if (/^[\w@+=:,./ -]+$/.test(path) && path !== '/') return path;
  throw usage(
    `--${name}: ${JSON.stringify(path)} cannot stand in a unit`,
    'Use letters, digits and . _ - + @ =',
  );
}

/** In whole seconds; at most what the listener lets a companion wait. */
function readStopWait(value: string): number {
  const input = flag('stop-wait', value);
  const seconds = Math.ceil(readDuration(input) / 1000);
  if (seconds <= longestCompanionWait) return seconds;
  throw wrong(input, 'is longer than a stop may wait', `Give at most ${longestCompanionWait / 60}min`);
}
