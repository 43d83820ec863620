import type { Transition } from '../watch/lifecycle/transition.ts';
import type { WhenStarted } from './config/settings.ts';

/** Whether hooks are run for what the listener finds when it starts; for anything later they are. */
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
