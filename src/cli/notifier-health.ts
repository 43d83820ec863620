import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineSettings } from '../config/settings.ts';
import { type FoundNotifier, findNotifier } from '../notifier-container/found.ts';
import { lastLines } from '../notifier-container/logs.ts';
import { pingListener, type RoundTrip } from '../notifier-container/ping.ts';
import { version } from '../version.ts';

type Present = Extract<FoundNotifier, { readonly kind: 'present' }>;

/**
 * The notifier's container, and whether the listener answers it; undefined where it could not ask. `output` has the last
 * lines that its shell printed, where they explain why the notifier does not deliver.
 */
export type NotifierHealth =
  | Exclude<FoundNotifier, Present>
  | (Present & { readonly trip: RoundTrip | undefined; readonly output?: readonly string[] });

/** How often a listener is asked that was perhaps started only now, and how long to wait in between, in ms. */
const tries = 5;
const pause = 1000;

/** Looks for the container, and has it ask the listener whether it is there. Starts nothing, and tells nothing. */
export async function examineNotifier(engine: EngineSettings): Promise<NotifierHealth> {
  const found = await findNotifier(engine);
  if (found.kind !== 'present') return found;
  if (!found.running) return { ...found, trip: undefined, output: await lastLines(engine, found.id) };
  // One of another version may not know the question.
  if (found.version !== version) return { ...found, trip: undefined };
  const { trip, output } = await pingListener(engine, found);
  if (trip.kind === 'answered') return { ...found, trip };
  // A container that ends at once and is started again takes no question.
  const printed = output.length > 0 ? output : await lastLines(engine, found.id);
  return { ...found, trip, output: printed };
}

/** The same behind an install, which may have started the listener as well: a listener that is not there yet is asked again. */
export async function examineInstalled(engine: EngineSettings): Promise<NotifierHealth> {
  let health = await examineNotifier(engine);
  for (let tried = 1; tried < tries && isUnanswered(health); tried++) {
    await sleep(pause);
    health = await examineNotifier(engine);
  }
  return health;
}

function isUnanswered(health: NotifierHealth): boolean {
  return health.kind === 'present' && health.trip?.kind === 'nobody';
}

/** Whether what it has to tell arrives. */
export function isDelivering(health: NotifierHealth): boolean {
  return health.kind === 'present' && health.trip?.kind === 'answered';
}
