import type { HookRefusalCause, LeftOut } from '../hooks/admit.ts';
import type { Stream } from '../hooks/output.ts';
import type { HookReport } from '../hooks/report.ts';
import type { Outcome } from '../hooks/run.ts';
import { printable } from '../system/printable.ts';
import type { LifecycleEvent } from '../watch/lifecycle/transition.ts';

/** One line of the answer to a request for hooks; docs/control-socket.md describes it. */
export type TriggerLine =
  | {
      readonly kind: 'accepted';
      readonly engine: string;
      readonly event: LifecycleEvent;
      readonly waiting: number;
    }
  | { readonly kind: 'hook-started'; readonly hook: string; readonly run: string }
  | { readonly kind: 'hook-output'; readonly hook: string; readonly stream: Stream; readonly line: string }
  | { readonly kind: 'hook-output-omitted'; readonly hook: string; readonly bytes: number }
  | {
      readonly kind: 'hook-ended';
      readonly hook: string;
      readonly run: string;
      readonly outcome: Outcome;
      readonly durationMs: number;
    }
  | {
      readonly kind: 'hook-refused';
      readonly hook: string;
      readonly path: string;
      readonly cause: HookRefusalCause;
    }
  | { readonly kind: 'hook-left-out'; readonly hook: string; readonly why: LeftOut }
  | { readonly kind: 'name-refused' | 'chain-stopped'; readonly hook: string }
  | { readonly kind: 'folder-missing'; readonly folder: string }
  | { readonly kind: 'folder-unreadable'; readonly folder: string; readonly code: string }
  | {
      readonly kind: 'folder-refused';
      readonly folder: string;
      readonly path: string;
      readonly cause: HookRefusalCause;
    }
  | { readonly kind: 'done'; readonly how: 'complete' | 'cut-short' | 'left-out' };

/** Returns the line for a report of a hook; undefined for what the log alone has. */
export function triggerLine(said: HookReport): TriggerLine | undefined {
  switch (said.kind) {
    case 'hook-started':
      return { kind: said.kind, hook: said.hook, run: said.run };
    case 'hook-output':
      return { kind: said.kind, hook: said.hook, stream: said.stream, line: printable(said.line) };
    case 'hook-output-omitted':
      return { kind: said.kind, hook: said.hook, bytes: said.bytes };
    case 'hook-ended': {
      const { kind, hook, run, outcome, durationMs } = said;
      return { kind, hook, run, outcome, durationMs };
    }
    case 'hook-refused': {
      const { path, cause } = said.admission;
      return { kind: said.kind, hook: said.hook, path, cause };
    }
    case 'hook-left-out':
      return { kind: said.kind, hook: said.hook, why: said.why };
    case 'name-refused':
    case 'chain-stopped':
      return { kind: said.kind, hook: said.hook };
    case 'folder-missing':
      return { kind: said.kind, folder: said.folder };
    case 'folder-unreadable':
      return { kind: said.kind, folder: said.folder, code: said.code };
    case 'folder-refused': {
      const { path, cause } = said.refusal;
      return { kind: said.kind, folder: said.folder, path, cause };
    }
    case 'hooks-found':
    case 'hooks-done':
    case 'hooks-overtaken':
    case 'hooks-not-repeated':
    case 'hooks-withdrawn':
    case 'hooks-dropped':
    case 'hooks-delayed':
    case 'turn-continued':
    case 'turn-cut':
    case 'turn-dropped':
    case 'hook-passed':
    case 'hook-linked':
    case 'hook-interpreter-exposed':
    case 'hook-start-delayed':
    case 'hook-running':
    case 'hook-left-over':
    case 'hook-retries':
    case 'hook-restarts':
    case 'event-unknown':
    case 'event-not-reported':
    case 'event-told':
    case 'event-done':
    case 'events-overflow':
    case 'events-overflow-over':
    case 'events-dropped':
      return undefined;
    default:
      return said satisfies never;
  }
}
