import { basename } from 'node:path';
import type { Outcome } from '../../hooks/run.ts';
import { printableText } from '../../system/printable.ts';
import { version } from '../../version.ts';
import type { LifecycleEvent, Reason } from '../../watch/lifecycle/transition.ts';
import type { ListenerEvent } from '../events.ts';
import { outcomeClass, outcomeClasses } from '../journal/entry.ts';
import type { HookWarning, WhyLeftOut } from '../journal/record.ts';
import type { Pipeline } from '../pipeline.ts';
import { catalogue, durationBounds } from './catalogue.ts';
import { createCounter, createGauge, createHistogram } from './counts.ts';
import { expose, type Labels, type Metric, type Sample } from './exposition.ts';

/** The listener's events and state as numbers for a monitoring system. */
export interface Metrics {
  /** Takes anything that happens. */
  note(event: ListenerEvent): void;
  /** All of it now, in the text format of Prometheus. */
  text(): string;
}

/** The most hooks that have numbers of their own; further hooks share theirs. */
const mostHooks = 200;
const otherHooks = '(others)';

/** The transitions that each reason can have: each is counted from 0, so that its first rise is seen. */
const reasons: { readonly [reason in Reason]: readonly LifecycleEvent[] } = {
  'listener-started': ['start', 'stop'],
  'engine-started': ['start'],
  shutdown: ['stop'],
  crash: ['stop'],
  unreachable: ['stop'],
  unseen: ['start', 'stop'],
  // Nothing happened to the engine.
  requested: [],
};

const whysLeftOut: { readonly [why in WhyLeftOut]: true } = {
  overtaken: true,
  'not-repeated': true,
  'too-many': true,
  withdrawn: true,
};

const warnings: { readonly [kind in HookWarning['kind']]: true } = {
  'stop-deadlock': true,
  'stop-wait-exceeded': true,
  'engine-stopped-during': true,
};

/** @param pipelines each engine that is watched, by the time that it is asked */
export function createMetrics(engines: readonly string[], pipelines: readonly Pipeline[]): Metrics {
  const transitions = createCounter();
  const lastTransition = createGauge();
  const hookRuns = createCounter();
  const hookDuration = createHistogram(durationBounds);
  const hookFailing = createGauge();
  const hookLastSuccess = createGauge();
  const hookRestarts = createCounter();
  const hookRetries = createCounter();
  const hookWarnings = createCounter();
  const cutTurns = createCounter();
  const queueLeftOut = createCounter();
  const refusals = createCounter();
  const notifierMessages = createCounter();
  const notifierSuppressed = createCounter();
  const companionMessages = createCounter();
  const journalLost = createCounter();
  let journalWritable = 1;
  const known = new Set<string>();
  const startedAt = Date.now() / 1000 - process.uptime();

  for (const engine of engines) {
    for (const event of ['start', 'stop'] as const) {
      for (const [reason, events] of Object.entries(reasons)) {
        if (events.includes(event)) transitions.add({ engine, event, reason }, 0);
      }
      companionMessages.add({ engine, message: event }, 0);
      for (const outcome of ['continued', 'dropped']) cutTurns.add({ engine, event, outcome }, 0);
    }
    for (const warning of Object.keys(warnings)) hookWarnings.add({ engine, warning }, 0);
    for (const why of Object.keys(whysLeftOut)) queueLeftOut.add({ engine, why }, 0);
    for (const what of ['hook', 'folder']) refusals.add({ engine, what }, 0);
  }
  for (const message of ['start', 'stop', 'invalid']) notifierMessages.add({ message }, 0);
  notifierSuppressed.add({}, 0);
  journalLost.add({}, 0);

  /** A hook's labels; what it is called is shown as in the log. */
  function labels(engine: string, hook: string): Labels {
    const key = `${engine}\n${hook}`;
    const isKnown = known.has(key) || known.size < mostHooks;
    if (isKnown) known.add(key);
    return { engine, hook: isKnown ? printableText(hook) : otherHooks };
  }

  function refused(engine: string, what: 'hook' | 'folder', name: string): void {
    refusals.add({ engine, what });
    hookFailing.set(labels(engine, name), 1);
  }

  function noteRun(engine: string, hook: string, outcome: Outcome, durationMs: number): void {
    const own = labels(engine, hook);
    const label = outcomeClass(outcome);
    hookRuns.add({ ...own, outcome: label });
    hookDuration.observe(own, durationMs / 1000);
    hookFailing.set(own, label === 'succeeded' || label === 'ended' ? 0 : 1);
    if (label === 'succeeded') hookLastSuccess.set(own, Date.now() / 1000);
  }

  return {
    note(event) {
      switch (event.kind) {
        case 'transition': {
          const { engine, event: change, reason, at } = event.transition;
          transitions.add({ engine, event: change, reason });
          return lastTransition.set({ engine, event: change }, at / 1000);
        }
        case 'hook-started':
          for (const outcome of outcomeClasses)
            hookRuns.add({ ...labels(event.engine, event.hook), outcome }, 0);
          return hookRetries.add(labels(event.engine, event.hook), 0);
        case 'hook-ended':
          return noteRun(event.engine, event.hook, event.outcome, event.durationMs);
        case 'hook-refused':
        case 'name-refused':
          return refused(event.engine, 'hook', event.hook);
        case 'folder-refused':
          return refused(event.engine, 'folder', basename(event.folder));
        case 'hooks-found':
          return hookFailing.set(labels(event.engine, basename(event.folder)), 0);
        // Whoever switches a hook off does not want to hear of it.
        case 'hook-left-out':
          return hookFailing.set(labels(event.engine, event.hook), 0);
        case 'hook-restarts':
          return hookRestarts.add(labels(event.engine, event.hook));
        case 'hook-retries':
          return hookRetries.add(labels(event.engine, event.hook));
        case 'hook-warned':
          return hookWarnings.add({ engine: event.engine, warning: event.warning.kind });
        case 'turn-continued':
        case 'turn-dropped': {
          const outcome = event.kind === 'turn-continued' ? 'continued' : 'dropped';
          return cutTurns.add({ engine: event.engine, event: event.transition.event, outcome });
        }
        case 'hooks-overtaken':
          return queueLeftOut.add({ engine: event.engine, why: 'overtaken' });
        case 'hooks-not-repeated':
          return queueLeftOut.add({ engine: event.engine, why: 'not-repeated' });
        case 'hooks-withdrawn':
          return queueLeftOut.add({ engine: event.engine, why: 'withdrawn' });
        case 'hooks-dropped':
          return queueLeftOut.add({ engine: event.engine, why: 'too-many' });
        case 'notifier-said':
          return notifierMessages.add({ message: event.said });
        case 'notifier-refused':
          return notifierMessages.add({ message: 'invalid' });
        case 'notifier-flooded':
          return notifierSuppressed.add({}, event.count);
        case 'companion-said':
          return companionMessages.add({ engine: event.engine, message: event.said });
        case 'state-refused':
        case 'journal-refused':
        case 'journal-in-use':
        case 'journal-failing':
          journalWritable = 0;
          return;
        case 'journal-recovered':
          journalWritable = 1;
          return journalLost.add({}, event.lost);
      }
    },
    text() {
      const numbers: { readonly [metric in keyof typeof catalogue]: readonly Sample[] } = {
        ...engineNumbers(pipelines, labels),
        lastTransition: lastTransition.samples(),
        transitions: transitions.samples(),
        hookRuns: hookRuns.samples(),
        hookDuration: hookDuration.samples(),
        hookFailing: hookFailing.samples(),
        hookLastSuccess: hookLastSuccess.samples(),
        hookRestarts: hookRestarts.samples(),
        hookRetries: hookRetries.samples(),
        hookWarnings: hookWarnings.samples(),
        cutTurns: cutTurns.samples(),
        queueLeftOut: queueLeftOut.samples(),
        refusals: refusals.samples(),
        notifierMessages: notifierMessages.samples(),
        notifierSuppressed: notifierSuppressed.samples(),
        companionMessages: companionMessages.samples(),
        journalWritable: [single(journalWritable)],
        journalLost: journalLost.samples(),
        ...processNumbers(startedAt),
      };
      return expose(
        Object.entries(catalogue).map(([key, metric]: [string, Metric]) => ({
          metric,
          samples: numbers[key as keyof typeof catalogue],
        })),
      );
    },
  };
}

/** Returns the state of each engine and its queue. */
function engineNumbers(pipelines: readonly Pipeline[], labels: (engine: string, hook: string) => Labels) {
  const states = pipelines.map((pipeline) => ({
    engine: pipeline.engine.name,
    phase: pipeline.state().phase,
    events: pipeline.events.snapshot(),
    ...pipeline.hooks.snapshot(),
  }));
  return {
    engineUp: states
      .filter(({ phase }) => phase !== 'unknown')
      .map(({ engine, phase }) => ({ labels: { engine }, value: phase === 'up' ? 1 : 0 })),
    hookRunningSince: states.flatMap(({ engine, current }) =>
      current?.hook === undefined
        ? []
        : [{ labels: labels(engine, current.hook.name), value: current.hook.startedAt / 1000 }],
    ),
    keptHooks: states.flatMap(({ engine, kept }) =>
      ['running', 'waiting', 'out'].map((phase) => ({
        labels: { engine, phase },
        value: kept.filter((one) => one.phase === phase).length,
      })),
    ),
    queueLength: states.map(({ engine, waiting }) => ({ labels: { engine }, value: waiting.length })),
    eventsWaiting: states.flatMap(({ engine, events }) =>
      events === undefined ? [] : [{ labels: { engine }, value: events.waiting }],
    ),
    events: states.flatMap(({ engine, events }) => {
      if (events === undefined) return [];
      const { handled, merged, givenUp } = events;
      const counts = { told: handled, merged, given_up: givenUp };
      return Object.entries(counts).map(([outcome, value]) => ({ labels: { engine, outcome }, value }));
    }),
  };
}

function processNumbers(startedAt: number) {
  const { user, system } = process.cpuUsage();
  return {
    buildInfo: [{ labels: { version, node: process.versions.node }, value: 1 }],
    processStart: [single(startedAt)],
    processCpu: [single((user + system) / 1_000_000)],
    processMemory: [single(process.memoryUsage.rss())],
  };
}

function single(value: number): Sample {
  return { labels: {}, value };
}
