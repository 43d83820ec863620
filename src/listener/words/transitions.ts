import type { Level } from '../../system/words.ts';
import type { LifecycleEvent, Reason, Source, Transition } from '../../watch/lifecycle/transition.ts';
import type { WhyLeftOut } from '../journal/record.ts';

/** A start or stop in its two forms; both follow the engine's name. */
interface Happening {
  /** The log and `history`. */
  readonly log: string;
  /** A title on the page. */
  readonly page: string;
}

/** The words for one reason, everywhere that it is shown. */
interface ReasonWords {
  readonly start: Happening;
  readonly stop: Happening;
  /** The state of an engine in `status`. */
  readonly status: string;
  /** Why hooks ran, on the page. */
  readonly because: string;
  /** A stop for this reason is a failure of Docker's. */
  readonly isFailure: boolean;
}

const started: Happening = { log: 'has started', page: 'started' };
const stopped: Happening = { log: 'is stopping', page: 'was shut down' };

export const reasons: { readonly [reason in Reason]: ReasonWords } = {
  'listener-started': {
    start: { log: 'is up already', page: 'was up when the listener began' },
    stop: {
      log: 'has stopped while the listener was not running',
      page: 'had stopped while the listener was not running',
    },
    status: 'found so when the listener started',
    because: 'the listener began',
    isFailure: false,
  },
  'engine-started': {
    start: started,
    stop: { log: 'stops', page: 'was shut down' },
    status: 'started',
    because: 'Docker started',
    isFailure: false,
  },
  shutdown: {
    start: started,
    stop: stopped,
    status: 'shut down',
    because: 'Docker was shut down',
    isFailure: false,
  },
  crash: {
    start: started,
    stop: { log: 'has crashed or was killed', page: 'crashed or was killed' },
    status: 'crashed or killed',
    because: 'Docker crashed or was killed',
    isFailure: true,
  },
  unreachable: {
    start: started,
    stop: { log: 'does not answer any more', page: 'did not answer any more' },
    status: 'did not answer any more',
    because: 'Docker did not answer any more',
    isFailure: true,
  },
  unseen: {
    start: { log: 'has started', page: 'was up again' },
    stop: { log: 'was restarted in the meantime', page: 'was restarted unseen' },
    status: 'restarted unseen',
    because: 'Docker was restarted unseen',
    isFailure: false,
  },
  requested: {
    start: started,
    stop: { log: 'is said to stop', page: 'was shut down' },
    status: 'requested',
    because: 'a request',
    isFailure: false,
  },
};

/** The reporter of a transition: a clause behind it in the log, a clause in `status`, and on the page behind "by". */
export const sources: {
  readonly [source in Source]: { readonly log: string; readonly status: string; readonly page: string };
} = {
  engine: { log: '', status: 'reported by Docker itself', page: 'Docker itself' },
  notifier: { log: ', says the notifier', status: 'reported by a notifier', page: 'a notifier' },
  companion: { log: ', says its service', status: 'reported by its service', page: 'its service' },
  request: { log: ', on request', status: 'requested by hand', page: 'a request' },
};

/** The software of an engine, where it is not Docker. */
type Software = Transition['software'];

/** Returns an engine's name as the subject of a sentence. */
export function engineName(software: Software): string {
  return software === 'podman' ? 'Podman’s service' : 'Docker';
}

/** Puts an engine's name in the place of Docker's in the words of these tables. */
export function about(software: Software, words: string): string {
  return words.replace('Docker', engineName(software));
}

/** Returns the words for a reason; for a reason of a later version the reason itself. */
export function reasonWords(reason: Reason): ReasonWords {
  if (Object.hasOwn(reasons, reason)) return reasons[reason];
  const unknown = { log: `changed (${reason})`, page: `changed (${reason})` };
  return { start: unknown, stop: unknown, status: reason, because: reason, isFailure: false };
}

/** Returns what happened to an engine as the log and `history` have it. */
export function describeTransition({ event, reason, source, run, software }: Transition): string {
  const pid = /^(\d+)@/.exec(run ?? '')?.[1];
  const which = pid === undefined ? '' : ` (pid ${pid})`;
  return `${engineName(software)} ${reasonWords(reason)[event].log}${which}${sources[source]?.log ?? ''}`;
}

/** Why no hook of a transition was run. */
interface LeftOutWords {
  readonly level: Level;
  /** The log; `label` names the hooks, as `on_start (7)`. */
  readonly log: (label: string) => string;
  /** `history`, behind the name of the folder. */
  readonly history: string;
  readonly page: string;
}

export const leftOut: { readonly [why in WhyLeftOut]: LeftOutWords } = {
  overtaken: {
    level: 'info',
    log: () => 'Docker has stopped again before on_start could begin: left out',
    history: 'Docker stopped again before it could begin',
    page: 'Not run: Docker stopped first',
  },
  'not-repeated': {
    level: 'info',
    log: () => 'on_start has not run since the last on_stop: on_stop is not run again',
    history: 'on_start has not run since the last one',
    page: 'Not run again: on_start had not begun',
  },
  'too-many': {
    level: 'warning',
    log: (label) => `Too much waits for its hooks already: left out ${label}`,
    history: 'too much waited already',
    page: 'Not run: too much waited',
  },
  withdrawn: {
    level: 'info',
    log: (label) => `The client that asked for ${label} has gone before it began: left out`,
    history: 'the client that asked for it has gone before it began',
    page: 'Not run: the client that asked has gone',
  },
};

/** Returns why none of the hooks of a transition were run, as `history` has it. */
export function describeLeftOut({ event }: { readonly event: LifecycleEvent }, why: WhyLeftOut): string {
  return `on_${event} left out: ${leftOut[why]?.history ?? why}`;
}
