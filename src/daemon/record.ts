import type { EngineReport } from '../engine/report.ts';
import type { HookReport } from '../hooks/report.ts';
import type { Transition } from '../lifecycle/transition.ts';
import type { NotifierReport } from '../notifier/report.ts';

/** Everything that happens while the daemon runs, as data; put into words in one place, cli/words.ts. */
export type Record = DaemonRecord | EngineReport | NotifierReport | HookReport;

export type DaemonRecord =
  | {
      readonly kind: 'listener-started';
      readonly version: string;
      readonly scriptDir: string;
      readonly pid: number;
    }
  | { readonly kind: 'listener-ending'; readonly signal: string }
  | { readonly kind: 'listener-ended' }
  | { readonly kind: 'engine-is-down'; readonly engine: string; readonly url: string }
  | { readonly kind: 'transition'; readonly transition: Transition }
  /** A notifier's message that changed nothing. */
  | { readonly kind: 'hint-taken'; readonly said: 'start' | 'stop'; readonly engineIsUp: boolean }
  | { readonly kind: 'notifier-trusted'; readonly port: number }
  | { readonly kind: 'access-list'; readonly folder: string };
