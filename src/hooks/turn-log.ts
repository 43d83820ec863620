import type { TurnProcess } from '../watch/lifecycle/turn.ts';

/** Keeps how far the hooks of transitions are; each call has kept it when it returns, and never throws. */
export interface TurnLog {
  /** The hook at `place` of `hooks` (file names) is about to be started. */
  begin(sequence: number, place: number, hooks: readonly string[]): void;
  /** Which process the hook that began last is. */
  runs(sequence: number, process: TurnProcess): void;
  /** The hook that began last came to its end. */
  ended(sequence: number, failed: boolean): void;
  /** Nothing is left to be done for a transition. */
  close(sequence: number): void;
}

/** Keeps nothing. */
export const noTurnLog: TurnLog = { begin: () => {}, runs: () => {}, ended: () => {}, close: () => {} };
