import type { StreamedEvent } from '../listener/event-stream.ts';
import { troubleWords } from '../listener/words/events.ts';
import { describeEnd } from '../listener/words/hooks.ts';
import { describeListenerFailed } from '../listener/words/listener.ts';
import { describeRefusal } from '../listener/words/refusal.ts';
import { describeLeftOut, describeTransition } from '../listener/words/transitions.ts';
import { describeTurn } from '../listener/words/turns.ts';
import { describeWarning } from '../listener/words/warnings.ts';
import { printableText } from '../system/printable.ts';
import { exitCode, UserError } from '../system/user-error.ts';
import { findListener, running } from './listener.ts';
import type { EngineRequest } from './listener-request.ts';
import { localTime } from './log.ts';
import { print } from './print.ts';
import { nameOfEngine } from './which-engine.ts';

/** Shows what happens as it happens, until the listener ends. */
export async function followEvents(command: EngineRequest): Promise<number> {
  const { client } = findListener(command);
  const engine =
    command.engine === undefined ? undefined : await running(nameOfEngine(client, command.engine));
  const lines = await running(client.lines({ method: 'GET', path: '/v1/events' }));
  for await (const event of lines as AsyncIterable<StreamedEvent>) {
    if (engine !== undefined && event.engine !== undefined && event.engine !== engine) continue;
    if (command.json) print(`${JSON.stringify(event)}\n`);
    else print(`${localTime(new Date(event.time))} ${printableText(describeStreamed(event))}\n`);
  }
  throw new UserError(exitCode.unavailable, 'The listener has ended');
}

/** Says what happened in one line. */
export function describeStreamed(event: StreamedEvent): string {
  switch (event.kind) {
    case 'transition':
      return describeTransition(event.transition);
    case 'hooks-left-out':
      return describeLeftOut(event.transition, event.why);
    case 'hook-started':
      return `${event.hook} started`;
    case 'hook-ended':
      return describeEnd(event.hook, event.outcome, event.durationMs).text;
    case 'hook-refused':
    case 'folder-refused': {
      const { found, fix } = describeRefusal(event);
      return `${event.kind === 'hook-refused' ? event.hook : event.folder} is refused: ${found}. ${fix}`;
    }
    case 'hook-warned': {
      const { found, fix } = describeWarning(event.hook, event.warning);
      return `${found}. ${fix}`;
    }
    case 'turn-continued':
    case 'turn-dropped':
    case 'hook-passed':
      return describeTurn(event);
    case 'events-gap':
    case 'event-given-up':
    case 'events-overflow-over':
      return troubleWords(event).log.text;
    case 'listener-failed':
      return describeListenerFailed(event);
    default: {
      const { kind }: { readonly kind: string } = event satisfies never;
      return kind;
    }
  }
}
