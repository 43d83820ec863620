import type { Command } from '../command.ts';
import { type ListenerRequest, listenerOptions, readListenerRequest } from '../listener-request.ts';
import { noArgument } from '../read-words.ts';

export const reload: Command<ListenerRequest> = {
  name: 'reload',
  calls: [['', 'have the listener read its settings again; hooks that run go on']],
  options: [...listenerOptions],
  examples: ['sudo docker-lifecycle-listener reload'],
  read(values, words) {
    noArgument('reload', words);
    return readListenerRequest(values);
  },
  run: async (request) => (await import('../reload.ts')).reloadSettings(request),
};
