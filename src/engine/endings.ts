import type { Ending } from '../lifecycle/observation.ts';
import type { ProcessIdentity } from '../system/processes.ts';
import type { Signs } from './signs.ts';

/** How an engine's process ended: one that ends in order takes its pid file away, a killed one cannot. */
export function howItEnded(signs: Signs, process: ProcessIdentity): Ending {
  return signs.isNamed(process) ? 'crash' : 'shutdown';
}

/** The same for a process that may be at work still, or not be known; undefined then. */
export function endingOf(signs: Signs, process: ProcessIdentity | undefined): Ending | undefined {
  return process === undefined || signs.isAtWork(process) ? undefined : howItEnded(signs, process);
}

/** Whether the engine on this machine that is there still takes connections. */
export function isServing(signs: Signs): boolean {
  return signs.hasSocket() && signs.isListening() !== false;
}
