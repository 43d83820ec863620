import { Throttle, type ThrottleLimits } from '../system/throttle.ts';
import type { Record } from './record.ts';

/** Both together, and their two counts, are fewer than 100 lines a minute for each engine. */
const engineLimits: ThrottleLimits = { ofKind: 15, ofSource: 50, window: 60_000 };
const eventLimits: ThrottleLimits = { ofKind: 40, ofSource: 40, window: 60_000 };

/**
 * Passes everything on to the log, but of what an engine can cause as often as it likes only so much a minute, and
 * then a count. Journal, metrics and `events` have their own limits, and are given everything.
 */
export function throttledLog(
  report: (record: Record) => void,
  signal: AbortSignal,
): (record: Record) => void {
  const suppressed = (engine: string, counts: ReadonlyMap<string, number>) =>
    report({ kind: 'reports-suppressed', engine, counts: Object.fromEntries(counts) });
  const engines = new Throttle(engineLimits, suppressed, signal);
  const events = new Throttle(eventLimits, suppressed, signal);
  return (record) => {
    if (signal.aborted || throttleOf(record, engines, events)?.admit(...keyOf(record)) !== false)
      report(record);
  };
}

function keyOf(record: Record): [engine: string, kind: string] {
  return ['engine' in record ? record.engine : '', record.kind];
}

/** Returns undefined for what only this machine's own hooks, files and users can cause. */
function throttleOf(record: Record, engines: Throttle, events: Throttle): Throttle | undefined {
  switch (record.kind) {
    case 'event-told':
    case 'event-done':
      return events;
    case 'engine-silent':
    case 'engine-answers-badly':
    case 'engine-not-reached':
    case 'engine-forbidden':
    case 'engine-socket-removed':
    case 'engine-left-alone':
    case 'events-read':
    case 'events-cut':
    case 'events-refused':
    case 'events-gap':
    case 'events-not-compared':
    case 'events-unreadable':
    case 'containers-unreadable':
    case 'events-overflow':
    case 'events-overflow-over':
    case 'events-dropped':
      return engines;
    default:
      return undefined;
  }
}
