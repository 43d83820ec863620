import { expect } from 'vitest';
import type { WatchedListener } from '../../../src/demo/listener.ts';
import type { Stage } from '../stage.ts';
import { waitFor } from '../wait-for.ts';

/** Keeps account of which hooks must have run on a stage, by the reasons that they were given, from now on. */
export interface Account {
  /**
   * Waits until the hooks have run for these reasons too, and holds that nothing else has. Where one of several
   * reasons may be given, they are listed.
   */
  tells(...reasons: readonly (string | readonly string[])[]): Promise<void>;
  /** Ends the listener, and so waits for all that it still has to do; holds that it was nothing more. */
  close(listener: WatchedListener): Promise<void>;
}

/** How long a hook may take to run after its cause, in ms: far beyond what a loaded machine needs. */
const longestWait = 60_000;

export function openAccount(stage: Stage): Account {
  const told: string[] = [];
  const began = stage.runs().length;
  const runs = () => stage.runs().slice(began);
  return {
    async tells(...reasons) {
      const due = (told.length + reasons.length) * hooks.length;
      await waitFor(() => runs().length >= due, longestWait).catch(() => {});
      for (const reason of reasons) {
        const given = runs()[told.length * hooks.length]?.split(' ').at(-1) ?? '';
        const [first = ''] = [reason].flat();
        told.push([reason].flat().includes(given) ? given : first);
      }
      expect(runs()).toEqual(runsFor(told));
    },
    async close(listener) {
      expect(await listener.end()).toBe(0);
      expect(runs()).toEqual(runsFor(told));
    },
  };
}

/** What the hooks of `createLabStage` write for these reasons, in order. */
function runsFor(reasons: readonly string[]): string[] {
  return reasons.flatMap((reason) => {
    const event = startReasons.includes(reason) ? 'start' : 'stop';
    return hooks.map((name) => `on_${event}/${name} ${event} ${reason}`);
  });
}

const hooks = ['10-a', '20-b'];
const startReasons = ['listener-started', 'engine-started'];
