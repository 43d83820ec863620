import type { EmbeddedEngineOptions } from '../demo/embedded-engine.ts';
import type { EventFolder } from '../hooks/engine-events.ts';
import type { LifecycleEvent } from '../watch/lifecycle/transition.ts';
import type { GivenSettings } from './given-settings.ts';
import type { NotifierCommand } from './notifier-commands.ts';
import type { ServiceCommand } from './service-commands.ts';
import type { ShellCommand } from './shell-commands.ts';

/** What the user asked for. */
export type Command =
  /** `word` is the one behind the command, as `status` of `notifier status --help`. */
  | {
      readonly kind: 'help';
      readonly of: string | undefined;
      readonly word?: string | undefined;
      readonly man: boolean;
    }
  | { readonly kind: 'version' }
  | { readonly kind: 'demo' }
  /** For the demo and the tests alone; not in the help. */
  | ({ readonly kind: 'embedded-engine' } & EmbeddedEngineOptions)
  | ({
      readonly kind: 'run' | 'dry-run' | 'config-check';
      /** Where the log of `run` goes; standard output where it is undefined. */
      readonly logFile: string | undefined;
    } & GivenSettings)
  | ({ readonly kind: 'status' } & StatusWish)
  | ({ readonly kind: 'status-page' } & EngineWish)
  | ({ readonly kind: 'history-report' } & ReportWish)
  | ({ readonly kind: 'history' } & HistoryWish)
  | ({ readonly kind: 'history-show'; readonly number: number } & Asking)
  | ({ readonly kind: 'hooks' } & Asking)
  | ({ readonly kind: 'hooks-switch'; readonly hook: string; readonly on: boolean } & Asking)
  | ({ readonly kind: 'hooks-new'; readonly hook: string; readonly event: NewHookEvent } & Asking)
  | ({ readonly kind: 'trigger' } & TriggerCommand)
  | ({ readonly kind: 'wait' } & WaitCommand)
  | ({ readonly kind: 'events' } & EngineWish)
  | NotifierCommand
  | ServiceCommand
  | ShellCommand;

/** What every command that speaks to a listener is given. */
export interface Asking extends GivenSettings {
  readonly json: boolean;
  readonly noColor: boolean;
}

/** For what can be asked of one engine alone. */
export interface EngineWish extends Asking {
  /** By its name or its URL; never empty. */
  readonly engine: string | undefined;
}

export interface StatusWish extends EngineWish {
  readonly watch: boolean;
}

export interface HistoryWish extends EngineWish {
  /** In ms since the epoch. */
  readonly since: number | undefined;
  /** `start`, `stop`, or an engine's event as `container_die`. */
  readonly event: string | undefined;
  readonly hook: string | undefined;
  readonly failed: boolean;
  readonly n: number | undefined;
  readonly follow: boolean;
}

/** What a report is of, and where it goes. */
export interface ReportWish extends EngineWish {
  /** `-` for standard output. */
  readonly file: string;
  /** In ms since the epoch. */
  readonly since: number | undefined;
  readonly n: number | undefined;
}

export interface TriggerCommand extends EngineWish {
  readonly event: LifecycleEvent;
  readonly hook: string | undefined;
}

export interface WaitCommand extends EngineWish {
  readonly event: LifecycleEvent;
  /** In ms. */
  readonly timeout: number | undefined;
}

export type NewHookEvent = LifecycleEvent | 'running' | EventFolder;
