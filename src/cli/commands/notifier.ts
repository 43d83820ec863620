import { readPort } from '../../listener/config/readers.ts';
import { nearest } from '../../system/nearest.ts';
import type { Command } from '../command.ts';
import type { NotifierRequest } from '../notifier.ts';
import { usage, type Values } from '../options.ts';
import { flag, readSettingsRequest } from '../settings-request.ts';

const acts = ['install', 'remove', 'status'] as const;

export const notifier: Command<NotifierRequest> = {
  name: 'notifier',
  calls: [
    ['install', 'build the notifier’s image and run its container, or renew it'],
    ['remove', 'take the container and the image away'],
    ['status', 'whether it runs, and reaches the listener'],
  ],
  options: ['host', 'context', 'port', 'base', 'config', 'json'],
  belongsTo: { port: 'install', base: 'install' },
  examples: [
    'sudo docker-lifecycle-listener notifier install',
    'sudo docker-lifecycle-listener notifier install --base alpine:3',
    'sudo docker-lifecycle-listener notifier status --json | jq -r .container.listener',
  ],
  complete: (before) => (before.length === 0 ? acts : []),
  read,
  run: async (request) => (await import('../notifier.ts')).manageNotifier(request),
};

function read(values: Values, [word, more]: readonly string[]): NotifierRequest {
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
  for (const [name, value] of Object.entries({ port, base })) {
    if (value !== undefined && act !== 'install') {
      throw usage(`notifier ${act} takes no --${name}`, 'It belongs to notifier install');
    }
  }
  return {
    act,
    port: port === undefined ? undefined : readPort(flag('port', port)),
    base: base === undefined ? undefined : readImage(base),
    json,
    ...readSettingsRequest(values),
  };
}

/** Accepts each name that is safe in a request; the engine knows which images exist. */
function readImage(name: string): string {
  if (/^[a-z0-9][\w.:/@-]*$/i.test(name)) return name;
  throw usage(`--base: ${JSON.stringify(name)} is no image`, 'As busybox, or registry.example.com/alpine:3');
}
