import { tableIn } from '../system/json.ts';

/** The key of a host in the bucket of hosts, renewed with each heartbeat. */
export interface Presence {
  readonly format: 1;
  /** The version of its listener. */
  readonly version: string;
  /** The id of its journal. */
  readonly journal: string;
  /** Names this life of the listener. */
  readonly instance: string;
  /** The time between two heartbeats, in ms. */
  readonly every: number;
  /** By the host's clock. */
  readonly at: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly engines: readonly { readonly name: string; readonly state: string }[];
  /** Hooks that failed last, the first 8 of them. */
  readonly failing: readonly string[];
}

/** Reads a host's key; undefined for what no listener wrote. */
export function readPresence(bytes: Uint8Array): Presence | undefined {
  try {
    const table = tableIn(JSON.parse(Buffer.from(bytes).toString('utf8')));
    if (table === undefined) return undefined;
    const { version, journal, instance, every, at, labels, engines, failing } = table;
    const isSound =
      [version, journal, instance, at].every((text) => typeof text === 'string') &&
      typeof every === 'number' &&
      every > 0;
    if (!isSound) return undefined;
    return {
      format: 1,
      version: String(version),
      journal: String(journal),
      instance: String(instance),
      every: Number(every),
      at: String(at),
      labels: textsIn(labels),
      engines: listIn(engines).flatMap((engine) => {
        const { name, state } = tableIn(engine) ?? {};
        return typeof name === 'string' && typeof state === 'string' ? [{ name, state }] : [];
      }),
      failing: listIn(failing).filter((hook) => typeof hook === 'string'),
    };
  } catch {
    return undefined;
  }
}

function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, 100) : [];
}

function textsIn(value: unknown): Record<string, string> {
  const entries = Object.entries(tableIn(value) ?? {}).filter(([, text]) => typeof text === 'string');
  return Object.fromEntries(entries) as Record<string, string>;
}
