import type { LifecycleEvent, Transition } from '../lifecycle/transition.ts';
import type { Admission } from './admit.ts';
import type { Outcome } from './run.ts';
import type { Refusal } from './trust.ts';

/** What became of the hooks. `hook` is a hook's name as people know it: `on_start/10-hello`. */
export type HookReport =
  | {
      readonly kind: 'hooks-found';
      readonly transition: Transition;
      readonly count: number;
      readonly folder: string;
    }
  | {
      readonly kind: 'hooks-done';
      readonly transition: Transition;
      readonly ran: number;
      readonly failed: number;
      readonly durationMs: number;
    }
  /** The engine stopped before they had begun. */
  | { readonly kind: 'hooks-overtaken'; readonly transition: Transition }
  /** So many transitions wait already that the oldest were given up. */
  | { readonly kind: 'hooks-dropped'; readonly dropped: readonly Transition[] }
  | { readonly kind: 'folder-missing'; readonly folder: string; readonly event: LifecycleEvent }
  | { readonly kind: 'folder-unreadable'; readonly folder: string; readonly code: string }
  | { readonly kind: 'folder-refused'; readonly folder: string; readonly refusal: Refusal }
  | { readonly kind: 'name-refused'; readonly hook: string }
  | ({ readonly hook: string } & HookEvent);

/** What became of one hook. */
export type HookEvent =
  | { readonly kind: 'hook-refused'; readonly admission: Extract<Admission, { kind: 'refused' }> }
  | { readonly kind: 'hook-left-out'; readonly why: 'masked' | 'switched-off' | 'gone' }
  | { readonly kind: 'hook-linked'; readonly path: string; readonly hardLinks: number }
  | { readonly kind: 'hook-started' }
  | { readonly kind: 'hook-output'; readonly stream: 'stdout' | 'stderr'; readonly line: Uint8Array }
  | { readonly kind: 'hook-running'; readonly forMs: number }
  | {
      readonly kind: 'hook-ended';
      readonly transition: Transition;
      readonly outcome: Outcome;
      readonly durationMs: number;
    };
