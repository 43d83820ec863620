import type { FleetSettings } from '../listener/config/settings.ts';
import type { Presence } from './presence.ts';
import type { FleetReport } from './report.ts';

/** The part of a listener that the publisher needs. */
export interface FleetHost {
  readonly settings: FleetSettings;
  /** The folder of the journal. */
  readonly journal: string;
  /** Returns the number of the newest record. */
  readonly newest: () => number;
  /** Returns the state of the engines, and what failed last. */
  readonly state: () => Pick<Presence, 'engines' | 'failing'>;
  readonly version: string;
  readonly report: (report: FleetReport) => void;
  readonly signal: AbortSignal;
}

/** A session's reports to the publisher, which has them for `status`. */
export interface Progress {
  readonly reached: (position: number) => void;
  readonly stored: () => void;
  readonly skew: (milliseconds: number) => void;
  readonly connected: () => void;
  readonly caughtUp: () => void;
}
