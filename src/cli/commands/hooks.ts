import type { Command } from '../command.ts';
import type { NewHookEvent } from '../hooks.ts';
import { type ListenerRequest, listenerOptions, readListenerRequest } from '../listener-request.ts';
import { usage, type Values } from '../options.ts';
import { anyEventCalled, none, unknownWord } from '../read-words.ts';

type Request =
  | ({ readonly kind: 'show' } & ListenerRequest)
  | ({ readonly kind: 'switch'; readonly hook: string; readonly on: boolean } & ListenerRequest)
  | ({ readonly kind: 'new'; readonly hook: string; readonly event: NewHookEvent } & ListenerRequest);

const words = ['enable', 'disable', 'new'];

export const hooks: Command<Request> = {
  name: 'hooks',
  calls: [
    ['', 'what would run on each event, what not, and why'],
    ['enable NAME', 'make a hook executable; disable NAME the opposite'],
    ['new NAME --event start', 'write a template; also for stop, running and events'],
  ],
  options: ['event', 'script-dir', ...listenerOptions],
  values: { event: ['start', 'stop', 'running'] },
  examples: [
    'sudo docker-lifecycle-listener hooks',
    'sudo docker-lifecycle-listener hooks new 10-routes --event start',
    'sudo docker-lifecycle-listener hooks disable on_stop/20-backup',
  ],
  complete([word, ...more]) {
    if (word === undefined) return words;
    return more.length === 0 && word !== 'new' ? 'hook' : [];
  },
  read,
  async run(request) {
    const { newHook, showHooks, switchHook } = await import('../hooks.ts');
    switch (request.kind) {
      case 'show':
        return showHooks(request);
      case 'switch':
        return switchHook(request);
      case 'new':
        return newHook(request);
      default:
        return request satisfies never;
    }
  },
};

function read(values: Values, [word, hook, ...rest]: readonly string[]): Request {
  if (word === undefined) return { kind: 'show', ...readListenerRequest(values) };
  if (!words.includes(word)) throw unknownWord('hooks', word, words);
  if (hook === undefined) throw usage(`hooks ${word} takes the name of a hook`, 'As 10-hello');
  const common = { hook, ...readListenerRequest(values), ...none(`hooks ${word} NAME`, rest) };
  if (word !== 'new') return { kind: 'switch', on: word === 'enable', ...common };
  return { kind: 'new', event: readEvent(values.event), ...common };
}

function readEvent(word: string | undefined): NewHookEvent {
  if (word === 'running') return word;
  const event = anyEventCalled('--event', word);
  return event === 'start' || event === 'stop' ? event : `on_${event}`;
}
