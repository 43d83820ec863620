import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { makePrivateFolder } from '../../src/demo/private-folder.ts';
import { type Endpoint, unixEndpoint } from '../../src/watch/endpoint/endpoint.ts';
import type { EngineReport } from '../../src/watch/engine/report.ts';
import { EngineSensor } from '../../src/watch/engine/sensor.ts';
import { defaultTimeouts, type SensorTimeouts } from '../../src/watch/engine/timeouts.ts';
import { SharedFolderWatches } from '../../src/watch/host/folder-watch.ts';
import type { AwaitService } from '../../src/watch/host/service-ready.ts';
import type { Observation } from '../../src/watch/lifecycle/observation.ts';
import {
  type EngineState,
  initialState,
  type LastTransition,
  reduce,
} from '../../src/watch/lifecycle/reduce.ts';
import type { Heartbeat } from '../../src/watch/settings.ts';
import { pace } from './wait-for.ts';

/** The real waits, a tenth as long or less: the order among them is kept. */
export const hurried: SensorTimeouts = {
  ...defaultTimeouts,
  silence: 100 * pace,
  startingCheck: 50,
  blind: 1500 * pace,
  identity: 200 * pace,
  local: { first: 5, longest: 2000, jitter: 0 },
  remote: { first: 20, longest: 200, jitter: 0.5 },
  unseen: { first: 50, longest: 200, jitter: 0 },
  longestWhileStarting: 100,
  longestInRecheck: 200,
  recheck: { refused: 300 * pace, badAnswer: 400 * pace, silent: 700 * pace, network: 1500 * pace },
  settled: 200 * pace,
  socketChecks: [2, 10, 50, 150],
  hintInterval: 20,
};

/** A sensor at work, and what its observations came to mean. */
export interface Watching {
  readonly sensor: EngineSensor;
  readonly seen: readonly Observation[];
  /** The transitions, each as `start engine-started`. */
  readonly told: readonly string[];
  readonly reports: readonly EngineReport[];
  /** How often it was said that the connection which was held is gone. */
  readonly lost: number;
  /** Observations of a kind. */
  count(kind: Observation['kind']): number;
  state(): EngineState;
  end(): void;
}

export interface WatchOptions {
  readonly heartbeat?: Heartbeat;
  readonly timeouts?: SensorTimeouts;
  readonly pidfile?: string;
  readonly before?: LastTransition;
  /** How an engine on a socket of systemd's is known to be ready; by default no source says. */
  readonly awaitReady?: AwaitService;
}

/** A folder of its own for one test, and the sensors that work there. */
export interface FakeHost {
  readonly folder: string;
  readonly socket: string;
  readonly pidfile: string;
  watch(endpoint?: Endpoint, options?: WatchOptions): Watching;
  /** Ends every sensor and removes the folder. */
  clear(): void;
}

/** Long enough to be no part of a test. */
const never: Heartbeat = { every: 0, timeout: 10_000 };

const nobodySays: AwaitService = (_pid, { unknown }) => {
  const soon = setImmediate(unknown);
  return { cancel: () => clearImmediate(soon) };
};

export function createFakeHost(): FakeHost {
  const folder = makePrivateFolder('dll-sensor-', process.geteuid?.() ?? 0, process.env);
  const socket = join(folder, 'docker.sock');
  const endings: AbortController[] = [];

  return {
    folder,
    socket,
    pidfile: join(folder, 'docker.pid'),
    watch(endpoint = unixEndpoint(socket), options = {}) {
      const { heartbeat = never, timeouts = hurried, pidfile, before, awaitReady = nobodySays } = options;
      const ending = new AbortController();
      endings.push(ending);
      const seen: Observation[] = [];
      const told: string[] = [];
      const reports: EngineReport[] = [];
      let state = initialState(before);
      let lost = 0;
      const sensor = new EngineSensor({
        engine: { name: 'fake', endpoint, pidfile, chosenBy: 'test' },
        heartbeat,
        timeouts,
        awaitReady,
        folders: new SharedFolderWatches(() => {}, ending.signal),
        observe(observation) {
          seen.push(observation);
          const step = reduce(state, observation);
          state = step.state;
          told.push(...step.transitions.map(({ event, reason }) => `${event} ${reason}`));
        },
        report: (report) => reports.push(report),
        lost: () => {
          lost += 1;
        },
        signal: ending.signal,
      }).start();
      return {
        sensor,
        seen,
        told,
        reports,
        get lost() {
          return lost;
        },
        count: (kind) => seen.filter((observation) => observation.kind === kind).length,
        state: () => state,
        end: () => ending.abort(),
      };
    },
    clear() {
      for (const ending of endings) ending.abort();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Lets so many milliseconds pass, at the test's pace: for what must not happen in them. */
export function pass(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds * pace));
}
