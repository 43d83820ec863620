import { readPort } from '../listener/config/readers.ts';
import { nearest } from '../system/nearest.ts';
import { type GivenSettings, givenSettings } from './given-settings.ts';
import { type OptionName, usage, type Values } from './options.ts';

/** What is asked about the notifier's container. */
export interface NotifierCommand extends GivenSettings {
  readonly kind: 'notifier';
  readonly act: NotifierAct;
  /** Where the listener listens; undefined for what the service, or the settings, say. */
  readonly port: number | undefined;
  /** The image that the notifier's is built from. */
  readonly base: string | undefined;
  readonly json: boolean;
}

export type NotifierAct = (typeof acts)[number];
const acts = ['install', 'remove', 'status'] as const;

/** The command, as the table of all of them has it. */
export const notifierCommands = {
  notifier: {
    calls: [
      ['install', 'build the notifier’s image and run its container, or renew it'],
      ['remove', 'take the container and the image away'],
      ['status', 'whether it runs, and reaches the listener'],
    ],
    options: ['host', 'context', 'port', 'base', 'config', 'json'] as OptionName[],
    belongsTo: { port: 'install', base: 'install' },
    suggests: (before: readonly string[]) => (before.length === 0 ? acts : []),
    read: notifier,
  },
} as const;

function notifier(values: Values, [word, more]: readonly string[]): NotifierCommand {
  const act = acts.find((known) => known === word);
  if (act === undefined) {
    const near = word === undefined ? undefined : nearest(word, acts);
    throw usage(
      word === undefined ? 'notifier needs a word' : `notifier knows no ${JSON.stringify(word)}`,
      near === undefined ? 'Give install, remove or status' : `Did you mean notifier ${near}?`,
    );
  }
  if (more !== undefined) throw usage(`notifier ${act} takes no argument: ${more}`, 'All options: --help');
  const { port, base, json = false } = values;
  for (const [name, value] of [
    ['port', port],
    ['base', base],
  ] as const) {
    if (value !== undefined && act !== 'install') {
      throw usage(`notifier ${act} takes no --${name}`, 'It belongs to notifier install');
    }
  }
  return {
    kind: 'notifier',
    act,
    port: port === undefined ? undefined : readPort({ value: port, from: { kind: 'flag', flag: '--port' } }),
    base: base === undefined ? undefined : readImage(base),
    json,
    ...givenSettings(values),
  };
}

/** A name that goes into a request: the engine knows better which images there are. */
function readImage(name: string): string {
  if (/^[a-z0-9][\w.:/@-]*$/i.test(name)) return name;
  throw usage(`--base: ${JSON.stringify(name)} is no image`, 'As busybox, or registry.example.com/alpine:3');
}
