import { dirname } from 'node:path';
import type { HookReport } from './report.ts';

/** Passes reports on; of those that come again with each transition, only the first. */
export function reportOnce(report: (report: HookReport) => void): (report: HookReport) => void {
  const said = new Set<string>();
  return (event) => {
    const note = noteIn(event);
    if (note === undefined) {
      report(event);
    } else if (!said.has(note)) {
      said.add(note);
      report(event);
    }
  };
}

/** Returns the text of a note, which the administrator may intend, and so reads once. */
function noteIn(event: HookReport): string | undefined {
  switch (event.kind) {
    case 'hook-left-out':
      return `${event.hook} ${event.why}`;
    case 'hook-linked':
      return `${event.hook} ${event.hardLinks}`;
    case 'hook-interpreter-exposed':
      return JSON.stringify(event);
    default:
      return undefined;
  }
}

/**
 * Passes reports on; of those that come again with each event, only the changes: a hook that is refused
 * would fill the log where containers come and go by the hundred.
 */
export function reportChanges(report: (report: HookReport) => void): (report: HookReport) => void {
  const last = new Map<string, string>();
  return (event) => {
    const thing = thingIn(event);
    if (thing === undefined) return report(event);
    const found = JSON.stringify(event);
    if (last.get(thing) === found) return;
    last.set(thing, found);
    report(event);
  };

  function forget(is: (thing: string) => boolean): void {
    for (const thing of last.keys()) if (is(thing)) last.delete(thing);
  }

  function thingIn(event: HookReport): string | undefined {
    switch (event.kind) {
      case 'folder-unreadable':
      case 'folder-refused':
        return event.folder;
      case 'name-refused':
      case 'hook-refused':
      case 'hook-left-out':
        return event.hook;
      // Such a one runs all the same.
      case 'hook-linked':
        return `${event.hook} linked`;
      case 'hook-interpreter-exposed':
        return `${event.hook} interpreter`;
      case 'hook-started':
        // It may run by now, and so may what is in its folder: should one of them be refused again, that is news.
        forget((thing) => thing === event.hook || thing.endsWith(`/${dirname(event.hook)}`));
        return undefined;
      default:
        return undefined;
    }
  }
}
