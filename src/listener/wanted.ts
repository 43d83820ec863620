import type { Transition } from '../watch/lifecycle/transition.ts';
import type { WhenStarted } from './config/settings.ts';

/** Returns whether hooks run for a transition that the listener found when it started; later ones always run. */
export function isWanted({ reason, again }: Transition, whenStarted: WhenStarted): boolean {
  if (reason !== 'listener-started') return true;
  switch (whenStarted) {
    case 'always':
      return true;
    case 'new':
      return again !== true;
    case 'never':
      return false;
    default:
      return whenStarted satisfies never;
  }
}
