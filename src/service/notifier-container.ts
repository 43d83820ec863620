import type { NotifierMode } from '../listener/config/settings.ts';
import type { Layout } from './layout.ts';
import type { Supervisor } from './machine.ts';
import type { InstalledNotifier, NotifierChoice, ServiceOptions } from './manifest.ts';
import type { Step } from './step.ts';

/** Facts for the decision about the notifier's container. */
export interface NotifierFacts {
  /** The listener's mode for notifiers. */
  readonly mode: NotifierMode;
  /** True if systemd knows Docker's unit, so that the companion works. */
  readonly companionWorks: boolean;
  /** The engine to put it into; why not, where there is none. */
  readonly engine: NotifierEngine;
}

export type NotifierEngine =
  | {
      readonly kind: 'up';
      /** Options that name the engine, as `--host unix:///…`. */
      readonly words: readonly string[];
      /** `missing`: there is none. `in-place`: the container is up to date. `silent`: it is, but does not reach the listener. */
      readonly container: 'missing' | 'wanting' | 'in-place' | 'silent';
    }
  | { readonly kind: 'down' }
  /** Its containers do not reach the listener. */
  | { readonly kind: 'rootless' }
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'several' };

/** The decision about the container. `said` explains to users why there is none, or what remains to be done. */
export interface NotifierDecision {
  readonly steps: readonly Step[];
  readonly said: string | undefined;
  /** For the list of what install has done. */
  readonly installed: InstalledNotifier | undefined;
}

/** Decides what `install` does with the notifier's container. */
export function decideNotifier(
  { notifier: choice = 'auto', port }: ServiceOptions,
  supervisor: Supervisor,
  facts: NotifierFacts,
  layout: Layout,
  before: InstalledNotifier | undefined,
): NotifierDecision {
  const without = reasonAgainst(choice, supervisor, facts);
  if (without !== undefined) {
    const said = choice === 'never' ? undefined : `No notifier container: ${without}.`;
    return before === undefined
      ? { steps: [], said, installed: undefined }
      : { steps: [removeNotifierStep(layout, before)], said, installed: undefined };
  }
  const later = `Then run: ${layout.command} notifier install`;
  const { engine } = facts;
  switch (engine.kind) {
    case 'up': {
      if (engine.container === 'in-place') return { steps: [], said: undefined, installed: before };
      // The step shows why a container is silent. A container that install did not create is not recorded.
      const installed = engine.container === 'silent' ? before : { engine: engine.words };
      const where = port === undefined ? [] : ['--port', String(port)];
      const step: Step = {
        kind: 'run',
        words: [layout.command, 'notifier', 'install', ...where, ...engine.words],
        shows: true,
        // A container that was not asked for by name is no reason to fail; and without a supervisor no listener runs yet.
        ...((choice === 'auto' || supervisor.kind === 'none') && { mayFail: true }),
        reason: 'has a container of its own tell the listener when Docker starts and stops',
      };
      return { steps: [step], said: undefined, installed };
    }
    case 'down':
      return { steps: [], said: `No notifier container yet: Docker is not up. ${later}`, installed: before };
    case 'rootless':
      return {
        steps: [],
        said: 'No notifier container: Docker is rootless, and its containers do not reach the host.',
        installed: before,
      };
    case 'elsewhere':
      return {
        steps: [],
        said: 'No notifier container: the engine is on another machine, where it would look for the listener.',
        installed: before,
      };
    case 'several':
      return {
        steps: [],
        said: `No notifier container yet: there are several engines. ${later}, once for each`,
        installed: before,
      };
    default:
      return engine satisfies never;
  }
}

/** Why there is to be no container; undefined where there is to be one. */
function reasonAgainst(
  choice: NotifierChoice,
  supervisor: Supervisor,
  { mode, companionWorks }: NotifierFacts,
): string | undefined {
  if (choice === 'never') return 'that is what --notifier says';
  if (mode === 'off') return 'the settings switch the notifier off';
  if (choice === 'auto' && supervisor.kind === 'systemd' && companionWorks) {
    return (
      'the companion unit tells of a stop before Docker begins it, and the container would only cost its 12 MB ' +
      '(--notifier always has one all the same)'
    );
  }
  return undefined;
}

/** Takes away what install has put into an engine; not being able to is no reason to leave all the rest. */
export function removeNotifierStep(layout: Layout, { engine }: InstalledNotifier): Step {
  return {
    kind: 'run',
    words: [layout.command, 'notifier', 'remove', ...engine],
    shows: true,
    mayFail: true,
    reason: 'takes the notifier’s container and its image away',
  };
}
