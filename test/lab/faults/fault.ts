import type { LogLine } from '../../../src/demo/listener.ts';
import type { Account } from '../../support/lab/account.ts';
import type { LabEngine } from '../../support/lab/engine.ts';
import type { EngineProxy, Manners } from '../../support/lab/proxy.ts';
import type { Stage } from '../../support/stage.ts';

/** What a fault is played on. The engine is down, and the notifier installed on it or not. */
export interface Scene {
  readonly engine: LabEngine;
  readonly stage: Stage;
  readonly account: Account;
  /** The log of the listener that is at work through all rounds. */
  readonly lines: readonly LogLine[];
  /** What stands before the engine, if something does. */
  readonly proxy: EngineProxy | undefined;
  /** From 0. */
  readonly round: number;
}

/** One row of docs/faults.md. */
export interface Fault {
  readonly name: string;
  readonly liveRestore?: boolean;
  /** `private`: with a bridge; no notifier is played there. */
  readonly network?: 'private';
  /** The listener sees the engine through a proxy with these manners. */
  readonly proxy?: Manners;
  /** More words for the listener. */
  readonly words?: readonly string[];
  /** Words in front of the listener's own. */
  readonly under?: (stage: Pick<Stage, 'folder'>) => readonly string[];
  /** What is done once, on the running engine, before the rounds. */
  readonly prepare?: (engine: LabEngine) => Promise<void>;
  /** One round: begins and ends with the engine down, and holds that the hooks ran as they must. */
  readonly play: (scene: Scene) => Promise<void>;
  /** Whether `play` starts and ends listeners itself; else one is at work through all rounds. */
  readonly ownListeners?: boolean;
  /** Most of it is waiting: it is played beside others. */
  readonly waits?: boolean;
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
