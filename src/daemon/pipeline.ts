import type { EngineSettings, Heartbeat, NotifierMode, WhenStarted } from '../config/settings.ts';
import { startSensor } from '../engine/sensor.ts';
import type { HookQueue } from '../hooks/queue.ts';
import type { EngineMemory } from '../journal/engine-memory.ts';
import type { Observation } from '../lifecycle/observation.ts';
import { atFirst, type EngineState, reduce, toldIn } from '../lifecycle/reduce.ts';
import type { Transition } from '../lifecycle/transition.ts';
import type { FolderWatches } from '../system/folder-watches.ts';
import type { Record } from './record.ts';

export interface PipelineOptions {
  readonly engine: EngineSettings;
  readonly heartbeat: Heartbeat;
  readonly whenStarted: WhenStarted;
  readonly hooks: HookQueue;
  readonly memory: EngineMemory;
  readonly folders: FolderWatches;
  readonly record: (record: Record) => void;
  /** The same for what strangers can cause as often as they like. */
  readonly hinted: (record: Record) => void;
  /** The engine has answered: what came with it may be there by now. */
  readonly answered: () => void;
  readonly signal: AbortSignal;
}

/** One engine's way from what is seen of it to the hooks. */
export interface Pipeline {
  /** A message from outside, as the administrator chose to take it. */
  message(said: 'start' | 'stop', mode: NotifierMode): void;
}

/** Begins to watch one engine: sensor → lifecycle → hooks. */
export function startPipeline(options: PipelineOptions): Pipeline {
  const { engine, hooks, memory, record, signal } = options;
  let state: EngineState = atFirst(memory.recall(engine.name));

  function observe(observation: Observation): void {
    if (signal.aborted) return;
    const before = state;
    const step = reduce(before, observation);
    state = step.state;
    for (const transition of step.transitions) {
      record({ kind: 'transition', transition });
      if (isWanted(transition, options.whenStarted)) hooks.push(transition);
      else record({ kind: 'hooks-not-wanted', transition, whenStarted: options.whenStarted });
    }
    const told = toldIn(state);
    // Behind the hooks: they do not wait for the disk.
    if (told !== undefined && state !== before) memory.keep(engine.name, told);
    if (before.phase === 'unknown' && state.phase === 'down') {
      record({ kind: 'engine-is-down', engine: engine.name, url: engine.endpoint.url });
    }
    if (observation.kind === 'engine-answers') options.answered();
  }

  const { heartbeat, folders } = options;
  const sensor = startSensor({ engine, heartbeat, folders, observe, report: record, signal });

  return {
    message(said, mode) {
      if (mode === 'trusted') {
        observe({ kind: 'message', engine: engine.name, at: Date.now(), message: said, trusted: true });
      } else {
        options.hinted({ kind: 'hint-taken', engine: engine.name, said, engineIsUp: state.phase === 'up' });
      }
      if (said === 'start') sensor.lookForStart();
      else sensor.lookForStop();
    },
  };
}

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
