import type { Command } from '../command.ts';
import { type EngineRequest, listenerOptions, readListenerRequest } from '../listener-request.ts';
import { none } from '../read-words.ts';

export const events: Command<EngineRequest> = {
  name: 'events',
  calls: [['', 'what happens, as it happens']],
  options: ['engine', ...listenerOptions],
  examples: [`sudo docker-lifecycle-listener events --json | jq -c 'select(.kind == "transition")'`],
  read: (values, words) => ({
    ...readListenerRequest(values),
    engine: values.engine,
    ...none('events', words),
  }),
  run: async (request) => (await import('../events.ts')).followEvents(request),
};
