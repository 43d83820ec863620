import type { Endpoint } from '../config/endpoint.ts';
import type { HookSettings } from '../config/hook-settings.ts';
import type { Account } from '../system/account.ts';
import type { HookReport } from './report.ts';

/** Whose hooks are run, where they are, and whom to tell. */
export interface HookHost {
  /** Absolute path of the folder with `on_start`, `on_stop` and `while_running` in it. */
  readonly scriptDir: string;
  /** The engine that it is all about; hooks get it in `DOCKER_HOST`. */
  readonly endpoint: Endpoint;
  /** Who we are, and so whom hooks are run as and whose files are trusted beside root's. */
  readonly account: Account;
  readonly settings: HookSettings;
  /** Cuts every grace short: an ended hook is killed. */
  readonly atOnce: AbortSignal;
  readonly report: (report: HookReport) => void;
}
