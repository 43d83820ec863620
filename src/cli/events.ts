import type { StreamedEvent } from '../listener/event-stream.ts';
import { describeLeftOut, describeRecordedEnd, describeRecordedRefusal } from '../listener/words/failure.ts';
import { describeTransition } from '../listener/words/listener.ts';
import { printableText } from '../system/printable.ts';
import { exitCode, UserError } from '../system/user-error.ts';
import type { EngineWish } from './command.ts';
import { running, theListener } from './listener.ts';
import { localTime } from './log.ts';
import { print } from './print.ts';
import { nameOfEngine } from './which-engine.ts';

/** Shows what happens as it happens, until the listener ends. */
export async function followEvents(command: EngineWish): Promise<number> {
  const { client } = theListener(command);
  const engine =
    command.engine === undefined ? undefined : await running(nameOfEngine(client, command.engine));
  const lines = await running(client.lines({ method: 'GET', path: '/v1/events' }));
  for await (const event of lines as AsyncIterable<StreamedEvent>) {
    if (engine !== undefined && event.engine !== undefined && event.engine !== engine) continue;
    if (command.json) print(`${JSON.stringify(event)}\n`);
    else print(`${localTime(new Date(event.time))} ${printableText(describeEvent(event))}\n`);
  }
  throw new UserError(exitCode.unavailable, 'The listener has ended');
}

function describeEvent(event: StreamedEvent): string {
  switch (event.kind) {
    case 'transition':
      return describeTransition(event.transition);
    case 'hooks-left-out':
      return describeLeftOut(event.transition, event.why);
    case 'hook-started':
      return `${event.hook} started`;
    case 'hook-ended':
      return describeRecordedEnd(event.hook, event.outcome, event.durationMs);
    case 'hook-refused': {
      const { found, fix } = describeRecordedRefusal(event.path, event.cause);
      return `${event.hook} is refused: ${found}. ${fix}`;
    }
    case 'folder-refused': {
      const { found, fix } = describeRecordedRefusal(event.path, event.cause);
      return `${event.folder} is refused: ${found}. ${fix}`;
    }
    default:
      return event.kind;
  }
}
