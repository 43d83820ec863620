import type { Command } from '../command.ts';
import { type EngineRequest, listenerOptions, readListenerRequest } from '../listener-request.ts';
import { usage, type Values } from '../options.ts';
import { none } from '../read-words.ts';

type Shape = 'once' | 'watch' | 'page';

export const status: Command<EngineRequest & { readonly shape: Shape }> = {
  name: 'status',
  calls: [
    ['', 'whether Docker is up, what runs, and what went wrong last'],
    ['--web', 'the same as a page for a browser, with a time line'],
  ],
  options: ['watch', 'web', 'engine', ...listenerOptions],
  examples: [
    'sudo docker-lifecycle-listener status',
    'sudo docker-lifecycle-listener status --watch',
    'sudo docker-lifecycle-listener status --web',
    "sudo docker-lifecycle-listener status --json | jq -r '.engines[].state'",
  ],
  read: (values, words) => ({
    ...readListenerRequest(values),
    ...none('status', words),
    engine: values.engine,
    shape: readShape(values),
  }),
  async run({ shape, ...request }) {
    switch (shape) {
      case 'once':
        return (await import('../status.ts')).showStatus(request);
      case 'watch':
        return (await import('../watch-status.ts')).watchStatus(request);
      case 'page':
        return (await import('../status.ts')).showPage(request);
      default:
        return shape satisfies never;
    }
  },
};

function readShape({ watch, web, json }: Values): Shape {
  if (web) {
    if (watch) throw usage('--web and --watch exclude each other', 'The page goes on by itself');
    return 'page';
  }
  if (!watch) return 'once';
  if (json) throw usage('--watch and --json exclude each other', 'events --json tells each change as a line');
  return 'watch';
}
