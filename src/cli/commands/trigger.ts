import type { Command } from '../command.ts';
import { listenerOptions, readListenerRequest } from '../listener-request.ts';
import { eventIn, startOrStop } from '../read-words.ts';
import type { TriggerRequest } from '../trigger.ts';

export const trigger: Command<TriggerRequest> = {
  name: 'trigger',
  calls: [['start|stop', 'run the hooks of an event now; exits as the worst of them']],
  options: ['hook', 'engine', ...listenerOptions],
  examples: ['sudo docker-lifecycle-listener trigger start --hook 10-routes'],
  complete: startOrStop,
  read: (values, words) => ({
    ...readListenerRequest(values),
    event: eventIn('trigger', words),
    hook: values.hook,
    engine: values.engine,
  }),
  run: async (request) => (await import('../trigger.ts')).triggerHooks(request),
};
