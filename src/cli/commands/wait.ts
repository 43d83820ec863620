import type { Command } from '../command.ts';
import { readListenerRequest } from '../listener-request.ts';
import { duration, eventIn, startOrStop } from '../read-words.ts';
import { engineOptions } from '../run-request.ts';
import type { WaitRequest } from '../wait.ts';

export const wait: Command<WaitRequest> = {
  name: 'wait',
  calls: [['start|stop', 'return when Docker is up, or down; at once if it is']],
  options: ['timeout', 'engine', ...engineOptions, 'control', 'config'],
  examples: ['docker-lifecycle-listener wait start --timeout 60s && docker ps'],
  complete: startOrStop,
  read: (values, words) => ({
    ...readListenerRequest(values),
    event: eventIn('wait', words),
    engine: values.engine,
    timeout: duration('timeout', values.timeout),
  }),
  run: async (request) => (await import('../wait.ts')).waitForEngine(request),
};
