import type { EngineSettings } from '../config/settings.ts';
import { type FoundNotifier, findNotifier } from '../notifier-container/found.ts';
import { pingListener, type RoundTrip } from '../notifier-container/ping.ts';
import { version } from '../version.ts';

type Present = Extract<FoundNotifier, { readonly kind: 'present' }>;

/** The notifier's container, and whether the listener answers it; undefined where it could not ask. */
export type NotifierHealth =
  | Exclude<FoundNotifier, Present>
  | (Present & { readonly trip: RoundTrip | undefined });

/** Looks for the container, and has it ask the listener whether it is there. Starts nothing, and tells nothing. */
export async function examineNotifier(engine: EngineSettings): Promise<NotifierHealth> {
  const found = await findNotifier(engine);
  if (found.kind !== 'present') return found;
  // One of another version may not know the question.
  const asks = found.running && found.version === version;
  return { ...found, trip: asks ? await pingListener(engine, found) : undefined };
}

/** Whether what it has to tell arrives. */
export function isDelivering(health: NotifierHealth): boolean {
  return health.kind === 'present' && health.trip?.kind === 'answered';
}
