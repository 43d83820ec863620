import type { Ending } from '../lifecycle/observation.ts';
import type { ProcessIdentity } from '../system/processes.ts';
import type { ServiceReady } from '../system/service-ready.ts';
import type { Hold } from './hold.ts';
import type { DoubtPatience } from './patience.ts';
import type { Probe, ProbeFailure } from './probe.ts';

/**
 * What a sensor is at.
 *
 * ```
 *   down ──probe──▶ asking ──answer──▶ up ──it ends──▶ going ──its process is over──▶ down
 *    ▲                │ ▲              │ ▲
 *    └──no engine─────┘ │          late│ │answer
 *                       │              ▼ │
 *                    doubting ◀─cut─┘ frozen
 * ```
 */
export type State =
  /** Nothing is open. */
  | { readonly name: 'down' }
  /** The engine starts, on a socket that systemd holds: nothing is opened before systemd says that it is ready. */
  | { readonly name: 'awaiting'; readonly process: ProcessIdentity; readonly ready: ServiceReady }
  /** One `_ping` is pending: it is answered at the instant when the engine serves its API. */
  | {
      readonly name: 'asking';
      readonly probe: Probe;
      readonly process: ProcessIdentity | undefined;
      readonly doubt: Doubt | undefined;
      /** Milliseconds on the monotonic clock, here and below: the other may be set meanwhile. */
      readonly since: number;
    }
  /** The connection to an engine that is up was cut: a pause before it is asked again. */
  | { readonly name: 'doubting'; readonly doubt: Doubt }
  /** One idle connection is held; its end is the first sign of a stop. */
  | Up
  /** Told as unreachable, but its process is there: its answer, if it comes, says that it is back. */
  | {
      readonly name: 'frozen';
      readonly hold: Hold;
      readonly process: ProcessIdentity;
      readonly activated: boolean;
    }
  /** Told as ended; nothing is opened while that process lives, lest it be kept or started again. */
  | { readonly name: 'going'; readonly process: ProcessIdentity; readonly activated: boolean };

export interface Up {
  readonly name: 'up';
  readonly hold: Hold;
  readonly process: ProcessIdentity | undefined;
  /** A connection that nobody accepts would start the engine again: systemd listens on the socket. */
  readonly activated: boolean;
  /** Whether the socket is seen among those of this machine that are listened on. */
  readonly listed: boolean;
  /** Where the socket's path led to. */
  readonly target: string;
  readonly since: number;
}

/** Until its connection was cut the engine was up. Whether it still is, what comes next must show. */
export interface Doubt {
  readonly process: ProcessIdentity | undefined;
  readonly since: number;
  /** It sent what no engine sends: it is not asked again before then. */
  readonly notBefore?: number;
}

/**
 * Whether a failed probe settles a doubt, and how the engine ended then.
 * @param now milliseconds on the same clock as the doubt's
 * @returns undefined while it stays in doubt
 */
export function settleDoubt(
  doubt: Doubt,
  failure: ProbeFailure,
  isLocal: boolean,
  patience: DoubtPatience,
  now: number,
): Ending | undefined {
  const age = now - doubt.since;
  switch (failure.kind) {
    case 'answered-badly':
      return age >= patience.badAnswer ? 'unreachable' : undefined;
    case 'closed':
      return age >= patience.silent ? 'unreachable' : undefined;
    case 'not-made':
      if (failure.code === 'ECONNREFUSED') {
        // A killed engine leaves its socket's file behind; of one afar nobody can say how it ended.
        const known = doubt.process !== undefined;
        return known || age >= patience.refused ? (isLocal ? 'crash' : 'shutdown') : undefined;
      }
      if (failure.code === 'ENOENT') return age >= patience.refused ? 'shutdown' : undefined;
      // For want of descriptors nothing was asked.
      if (failure.code === 'EMFILE' || failure.code === 'ENFILE') return undefined;
      return age >= patience.network ? 'unreachable' : undefined;
    default:
      return failure satisfies never;
  }
}

/** Whether a probe failed because nobody listens where it went. */
export function isNobody(failure: ProbeFailure): boolean {
  return failure.kind === 'not-made' && ['ECONNREFUSED', 'ENOENT'].includes(failure.code);
}
