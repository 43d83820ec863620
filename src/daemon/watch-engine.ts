import type { EngineSettings, Heartbeat } from '../config/settings.ts';
import type { EngineReport } from '../engine/report.ts';
import { startSensor } from '../engine/sensor.ts';
import { atFirst, type EngineState, reduce } from '../lifecycle/reduce.ts';
import { createFolderWatches } from '../system/folder-watches.ts';

/**
 * Watches an engine as the listener does, with the same sensor and the same rules, and runs nothing.
 * @param told called each time that it is known to be up or down by now
 * @param report told why it may not be known
 */
export function watchEngine(
  engine: EngineSettings,
  heartbeat: Heartbeat,
  told: (phase: 'up' | 'down') => void,
  report: (report: EngineReport) => void,
  signal: AbortSignal,
): void {
  let state: EngineState = atFirst();
  startSensor({
    engine,
    heartbeat,
    // Where the system watches no folder any more, it is looked at every now and then.
    folders: createFolderWatches(() => {}, signal),
    observe(observation) {
      if (signal.aborted) return;
      const { phase } = state;
      state = reduce(state, observation).state;
      if (state.phase !== phase && state.phase !== 'unknown') told(state.phase);
    },
    report,
    signal,
  });
}
