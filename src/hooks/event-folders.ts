import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type EventFolder, type EventName, eventFolders } from '../config/engine-events.ts';
import { type EventHint, hintForFolder } from '../config/event-hints.ts';
import { withDescriptors } from '../system/descriptor-reserve.ts';
import { printableText } from '../system/printable.ts';

/** What a script folder has for an engine's events. */
export interface EventFolders {
  /** The events that have a folder, in the order of the folders' names. */
  readonly events: readonly EventName[];
  /** Folders that are called as if they were for an event. */
  readonly unknown: readonly ({ readonly folder: string } & EventHint)[];
}

/** Looks which folders there are for hooks of an engine's events; none in a folder that cannot be read. */
export function listEventFolders(scriptDir: string): EventFolders {
  const events: EventName[] = [];
  const unknown: ({ readonly folder: string } & EventHint)[] = [];
  for (const name of namesIn(scriptDir)) {
    if (!name.startsWith('on_') || name === 'on_start' || name === 'on_stop') continue;
    const event = eventFolders.get(name as EventFolder);
    if (event !== undefined) events.push(event);
    else unknown.push({ folder: join(scriptDir, printableText(name)), ...hintForFolder(name) });
  }
  return { events, unknown };
}

function namesIn(scriptDir: string): string[] {
  try {
    return withDescriptors(() => readdirSync(scriptDir, { withFileTypes: true }))
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map(({ name }) => name)
      .sort();
  } catch {
    return [];
  }
}
