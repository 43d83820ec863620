import type { Endpoint } from '../config/endpoint.ts';
import type { HookSettings } from '../config/hook-settings.ts';
import type { Account } from '../system/account.ts';
import type { HookReport } from './report.ts';

/** What is known of an engine when a hook starts. */
export interface EngineReach {
  /** Whether the engine answers: false too while nothing is known of it. */
  readonly answers: boolean;
  /** Whether systemd holds its socket, so that a connection starts an engine that is down. */
  readonly startsOnConnect: boolean;
}

/** Whose hooks are run, where they are, and whom to tell. */
export interface HookHost {
  /** Absolute path of the folder with `on_start`, `on_stop` and `while_running` in it. */
  readonly scriptDir: string;
  /** The engine that it is all about; hooks get it in `DOCKER_HOST`. */
  readonly endpoint: Endpoint;
  /** Who we are, and so whom hooks are run as and whose files are trusted beside root's. */
  readonly account: Account;
  readonly settings: HookSettings;
  /** How the engine can be reached now, without asking it. */
  readonly reach: () => EngineReach;
  /** Cuts every grace short: an ended hook is killed. */
  readonly atOnce: AbortSignal;
  readonly report: (report: HookReport) => void;
}
