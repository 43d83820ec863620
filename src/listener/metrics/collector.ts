import { basename } from 'node:path';
import type { FleetStatus } from '../../fleet/report.ts';
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

function createCounts() {
  return {
    transitions: createCounter(),
    lastTransition: createGauge(),
    hookRuns: createCounter(),
    hookDuration: createHistogram(durationBounds),
    hookFailing: createGauge(),
    hookLastSuccess: createGauge(),
    hookRestarts: createCounter(),
    hookRetries: createCounter(),
    hookWarnings: createCounter(),
    cutTurns: createCounter(),
    queueLeftOut: createCounter(),
    refusals: createCounter(),
    notifierMessages: createCounter(),
    notifierSuppressed: createCounter(),
    companionMessages: createCounter(),
    journalLost: createCounter(),
  };
}

/** The listener's events and state as numbers for a monitoring system. */
export class Metrics {
  readonly #pipelines: readonly Pipeline[];
  readonly #fleet: () => FleetStatus | undefined;
  readonly #counts = createCounts();
  readonly #known = new Set<string>();
  readonly #startedAt = Date.now() / 1000 - process.uptime();
  #journalWritable = 1;

  /**
   * @param pipelines the engines' pipelines; complete when `text` is called
   * @param fleet returns the state of the publisher, where there is one
   */
  constructor(
    engines: readonly string[],
    pipelines: readonly Pipeline[],
    fleet: () => FleetStatus | undefined = () => undefined,
  ) {
    this.#pipelines = pipelines;
    this.#fleet = fleet;
    for (const engine of engines) {
      for (const event of ['start', 'stop'] as const) {
        for (const [reason, events] of Object.entries(reasons)) {
          if (events.includes(event)) this.#counts.transitions.add({ engine, event, reason }, 0);
        }
        this.#counts.companionMessages.add({ engine, message: event }, 0);
        for (const outcome of ['continued', 'dropped'])
          this.#counts.cutTurns.add({ engine, event, outcome }, 0);
      }
      for (const warning of Object.keys(warnings)) this.#counts.hookWarnings.add({ engine, warning }, 0);
      for (const why of Object.keys(whysLeftOut)) this.#counts.queueLeftOut.add({ engine, why }, 0);
      for (const what of ['hook', 'folder']) this.#counts.refusals.add({ engine, what }, 0);
    }
    for (const message of ['start', 'stop', 'invalid']) this.#counts.notifierMessages.add({ message }, 0);
    this.#counts.notifierSuppressed.add({}, 0);
    this.#counts.journalLost.add({}, 0);
  }

  /** Counts an event. */
  note(event: ListenerEvent): void {
    switch (event.kind) {
      case 'transition': {
        const { engine, event: change, reason, at } = event.transition;
        this.#counts.transitions.add({ engine, event: change, reason });
        return this.#counts.lastTransition.set({ engine, event: change }, at / 1000);
      }
      case 'hook-started':
        for (const outcome of outcomeClasses)
          this.#counts.hookRuns.add({ ...this.#labels(event.engine, event.hook), outcome }, 0);
        return this.#counts.hookRetries.add(this.#labels(event.engine, event.hook), 0);
      case 'hook-ended':
        return this.#noteRun(event.engine, event.hook, event.outcome, event.durationMs);
      case 'hook-refused':
      case 'name-refused':
        return this.#refused(event.engine, 'hook', event.hook);
      case 'folder-refused':
        return this.#refused(event.engine, 'folder', basename(event.folder));
      case 'hooks-found':
        return this.#counts.hookFailing.set(this.#labels(event.engine, basename(event.folder)), 0);
      // The user switched it off.
      case 'hook-left-out':
        return this.#counts.hookFailing.set(this.#labels(event.engine, event.hook), 0);
      case 'hook-restarts':
        return this.#counts.hookRestarts.add(this.#labels(event.engine, event.hook));
      case 'hook-retries':
        return this.#counts.hookRetries.add(this.#labels(event.engine, event.hook));
      case 'hook-warned':
        return this.#counts.hookWarnings.add({ engine: event.engine, warning: event.warning.kind });
      case 'turn-continued':
      case 'turn-dropped': {
        const outcome = event.kind === 'turn-continued' ? 'continued' : 'dropped';
        return this.#counts.cutTurns.add({ engine: event.engine, event: event.transition.event, outcome });
      }
      case 'hooks-overtaken':
        return this.#counts.queueLeftOut.add({ engine: event.engine, why: 'overtaken' });
      case 'hooks-not-repeated':
        return this.#counts.queueLeftOut.add({ engine: event.engine, why: 'not-repeated' });
      case 'hooks-withdrawn':
        return this.#counts.queueLeftOut.add({ engine: event.engine, why: 'withdrawn' });
      case 'hooks-dropped':
        return this.#counts.queueLeftOut.add({ engine: event.engine, why: 'too-many' });
      case 'notifier-said':
        return this.#counts.notifierMessages.add({ message: event.said });
      case 'notifier-refused':
        return this.#counts.notifierMessages.add({ message: 'invalid' });
      case 'notifier-flooded':
        return this.#counts.notifierSuppressed.add({}, event.count);
      case 'companion-said':
        return this.#counts.companionMessages.add({ engine: event.engine, message: event.said });
      case 'state-refused':
      case 'journal-refused':
      case 'journal-in-use':
      case 'journal-failing':
        this.#journalWritable = 0;
        return;
      case 'journal-recovered':
        this.#journalWritable = 1;
        return this.#counts.journalLost.add({}, event.lost);
    }
  }

  /** Returns all metrics now, in the text format of Prometheus. */
  text(): string {
    const counts = this.#counts;
    const fleet = this.#fleet();
    const numbers: { readonly [metric in keyof typeof catalogue]: readonly Sample[] } = {
      ...engineNumbers(this.#pipelines, (engine, hook) => this.#labels(engine, hook)),
      transitions: counts.transitions.samples(),
      lastTransition: counts.lastTransition.samples(),
      hookRuns: counts.hookRuns.samples(),
      hookDuration: counts.hookDuration.samples(),
      hookFailing: counts.hookFailing.samples(),
      hookLastSuccess: counts.hookLastSuccess.samples(),
      hookRestarts: counts.hookRestarts.samples(),
      hookRetries: counts.hookRetries.samples(),
      hookWarnings: counts.hookWarnings.samples(),
      cutTurns: counts.cutTurns.samples(),
      queueLeftOut: counts.queueLeftOut.samples(),
      refusals: counts.refusals.samples(),
      notifierMessages: counts.notifierMessages.samples(),
      notifierSuppressed: counts.notifierSuppressed.samples(),
      companionMessages: counts.companionMessages.samples(),
      journalLost: counts.journalLost.samples(),
      journalWritable: [single(this.#journalWritable)],
      ...fleetNumbers(fleet),
      ...processNumbers(this.#startedAt),
    };
    return expose(
      Object.entries(catalogue)
        .filter(([key]) => fleet !== undefined || !key.startsWith('fleet'))
        .map(([key, metric]: [string, Metric]) => ({
          metric,
          samples: numbers[key as keyof typeof catalogue],
        })),
    );
  }

  /** Returns a hook's labels; its name is shown as in the log. */
  #labels(engine: string, hook: string): Labels {
    const key = `${engine}\n${hook}`;
    const isKnown = this.#known.has(key) || this.#known.size < mostHooks;
    if (isKnown) this.#known.add(key);
    return { engine, hook: isKnown ? printableText(hook) : otherHooks };
  }

  #refused(engine: string, what: 'hook' | 'folder', name: string): void {
    this.#counts.refusals.add({ engine, what });
    this.#counts.hookFailing.set(this.#labels(engine, name), 1);
  }

  #noteRun(engine: string, hook: string, outcome: Outcome, durationMs: number): void {
    const own = this.#labels(engine, hook);
    const label = outcomeClass(outcome);
    this.#counts.hookRuns.add({ ...own, outcome: label });
    this.#counts.hookDuration.observe(own, durationMs / 1000);
    this.#counts.hookFailing.set(own, label === 'succeeded' || label === 'ended' ? 0 : 1);
    if (label === 'succeeded') this.#counts.hookLastSuccess.set(own, Date.now() / 1000);
  }
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

function fleetNumbers(fleet: FleetStatus | undefined) {
  const { server = null, behind = null, published = 0, clockSkewMs = null } = fleet ?? {};
  return {
    fleetConnected: [single(server === null ? 0 : 1)],
    fleetBehind: behind === null ? [] : [single(behind)],
    fleetPublished: [single(published)],
    fleetClockSkew: clockSkewMs === null ? [] : [single(clockSkewMs / 1000)],
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
