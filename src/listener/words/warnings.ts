import { seconds } from '../../system/words.ts';
import type { HookWarning } from '../journal/record.ts';

interface WarningWords {
  readonly found: string;
  readonly fix: string;
  /** The same for a cell of the page's table. */
  readonly page: string;
}

/** Returns what was found of a hook that its exit code does not show, and the fix; of a later version's kind its name alone. */
export function describeWarning(hook: string, warning: HookWarning): WarningWords {
  switch (warning.kind) {
    case 'stop-deadlock':
      return {
        found: `${hook} waits for Docker’s stop in “${warning.command}”, and Docker’s stop waits for ${hook}`,
        fix: `Give systemctl --no-block in ${hook}, or leave that out of on_stop`,
        page: 'Waits for Docker’s stop, which waits for it',
      };
    case 'stop-wait-exceeded':
      return {
        found: `Docker stopped while ${hook} was still running: its stop waits for ${seconds(warning.waitedMs)} at most`,
        fix: longerWait(warning),
        page: 'Took longer than Docker’s stop waits',
      };
    case 'engine-stopped-during': {
      const { times, withinMs } = warning;
      return {
        found: `Docker has stopped ${times} times in a row while ${hook} ran or right after it, within ${seconds(withinMs)}`,
        fix: `If ${hook} restarts Docker, each restart runs it again: let it do so only when something has changed`,
        page: 'Ran each time that Docker stopped',
      };
    }
    default: {
      const { kind }: { readonly kind: string } = warning satisfies never;
      return { found: `${hook}: ${kind}`, fix: 'See docs/journal.md', page: 'Needs a look' };
    }
  }
}

/** The command by which Docker's stop waits longer. */
function longerWait({ installedBy, enoughMs }: Extract<HookWarning, { kind: 'stop-wait-exceeded' }>): string {
  const wait = Math.ceil(enoughMs / 1000);
  switch (installedBy) {
    case 'user-install':
      return `Run: docker-lifecycle-listener install --user --stop-wait ${wait}s`;
    case 'package':
      return `Run: systemctl edit --full docker-lifecycle-companion, and set ${wait}s in ExecStop, ${wait + 3} in TimeoutStopSec`;
    case 'install':
      return `Run: docker-lifecycle-listener install --stop-wait ${wait}s`;
  }
}
