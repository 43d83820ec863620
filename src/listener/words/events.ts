import type { EventsReport } from '../../container-events/report.ts';
import type { EventHint } from '../../hooks/event-hints.ts';
import type { EventHookReport } from '../../hooks/report.ts';
import type { EventFilter } from '../../hooks/settings.ts';
import { printableText } from '../../system/printable.ts';
import { quote } from '../../system/shell-quote.ts';
import { detail, error, info, plural, seconds, type Words, warning } from '../../system/words.ts';
import type { EventLabel } from '../../watch/lifecycle/engine-event.ts';
import type { EventKinds, OfEngine } from '../events.ts';
import type { EventTrouble } from '../journal/record.ts';

/** Hooks of an engine's events. */
export const eventHookWords: EventKinds<OfEngine<EventHookReport>> = {
  'event-unknown': ({ folder, ...hint }) =>
    warning(`${folder} is for no event that there is: its hooks do not run. ${describeHint(hint)}`),
  'event-not-reported': ({ engineKind, folder, when, instead }) => {
    const name = engineKind === 'podman' ? 'Podman' : 'Docker';
    const use = instead === undefined ? '' : `. Use ${instead}`;
    return when === 'never'
      ? warning(`${folder}: ${name} does not report this event, so its hooks do not run${use}`)
      : warning(`${folder}: ${name} reports this event of its command line, not of its API${use}`);
  },
  'event-told': ({ told, count, folder }) =>
    info(`${describeEvent(told)}: running ${plural(count, 'hook')} in ${folder}`),
  'event-done': ({ told, ran, failed, durationMs }) => {
    const text = `${describeEvent(told)} done: ${plural(ran, 'hook')} run in ${seconds(durationMs)}`;
    return failed === 0 ? detail(text) : warning(`${text}, ${failed} failed`);
  },
  'events-overflow': ({ waiting }) =>
    warning(
      `${waiting} events wait for their hooks: from now on the oldest are merged with later ones of the same container and kind. ` +
        'Make the hooks quicker, or raise events.parallel',
    ),
  'events-overflow-over': {
    words: (event) => troubleWords(event).log,
    record: ({ kind, engine, merged, givenUp }) => ({ kind, engine, merged, givenUp }),
  },
  'events-dropped': ({ count }) =>
    info(
      `Docker goes: ${plural(count, 'event')} that waited for hooks ${count === 1 ? 'has' : 'have'} no point any more`,
    ),
};

/** The reading of an engine's events. */
export const eventsWords: EventKinds<OfEngine<EventsReport>> = {
  'events-read': ({ names }) => detail(`Listening to Docker’s events: ${names.join(', ')}`),
  'events-cut': (event) => info(`Docker’s events were cut off (${event.error}): listening again`),
  'events-refused': ({ status }) =>
    error(`Docker does not tell its events: it answers with status ${status}. Trying again`),
  'events-gap': {
    words: (event) => troubleWords(event).log,
    record: ({ kind, engine, since, made }) => ({ kind, engine, since, made }),
  },
  'events-not-compared': (event) =>
    warning(`Cannot compare containers (${event.error}): starts and ends may have been missed`),
  'containers-unreadable': ({ count, id, why }) =>
    warning(
      `Docker describes ${plural(count, 'container')} in a way that cannot be read, and no hook runs for what is found of ` +
        `${count === 1 ? 'it' : 'them'}. The first is ${id === '' ? 'one without an id' : printableText(id.slice(0, 12))}: ` +
        `${why}. See: docker ps --all`,
    ),
  'event-given-up': {
    words: (event) => troubleWords(event).log,
    record: ({ kind, engine, told, begins }) => ({ kind, engine, told, begins }),
  },
  'events-damaged': ({ path, lines }) =>
    warning(
      `${plural(lines, 'line')} of ${path} ${lines === 1 ? 'is' : 'are'} damaged and left out: of Docker’s events some may be missed or handled twice`,
    ),
  'events-unreadable': ({ line }) =>
    warning(`Docker sent a line that is not an event: ${printableText(line)}`),
  'events-not-kept': ({ path, error: why }) =>
    error(
      `Cannot keep what was heard of Docker’s events in ${path} (${why}): after the listener’s next start some may be missed or handled twice. ` +
        `See: ls -l ${quote(path)}`,
    ),
};

interface TroubleWords {
  readonly log: Words;
  /** A sentence on the page. */
  readonly found: string;
  /** A cell of the page's table. */
  readonly page: string;
}

/** Returns the words for events of an engine that were missed, merged or given up. */
export function troubleWords(trouble: EventTrouble): TroubleWords {
  switch (trouble.kind) {
    case 'events-gap': {
      const { since, made } = trouble;
      const found =
        made === 0 ? 'nothing was missed' : `${plural(made, 'start or end', 'starts and ends')} made good`;
      return {
        log: info(
          `Docker does not remember all that happened since ${new Date(Number(since.slice(0, -6))).toISOString()}: compared containers, ${found}`,
        ),
        found: `Docker had forgotten some: ${made} starts and ends of containers were made good`,
        page: 'Made good',
      };
    }
    case 'event-given-up': {
      const given = `${describeEvent(trouble.told)} is given up: ${trouble.begins} listeners have begun with its hooks`;
      return {
        log: error(
          `${given}, and each was killed or ended by an error. See which hook ran: docker-lifecycle-listener history`,
        ),
        found: `${given} and did not survive`,
        page: 'Given up',
      };
    }
    case 'events-overflow-over': {
      const counts = `${trouble.merged} were merged with later ones, ${trouble.givenUp} given up`;
      return {
        log: warning(`Fewer events wait for their hooks again: ${counts}`),
        found: `${counts}: too many waited for their hooks`,
        page: 'Too many',
      };
    }
    default:
      return trouble satisfies never;
  }
}

/** An event in short: `container start of web`. */
export function describeEvent(label: EventLabel): string {
  const { type, action, id, name, reason, repeat, requested, count = 1 } = label;
  const whose = printableText(name === '' ? id.slice(0, 12) : name);
  const why = {
    event: '',
    reconciled: ', found by comparing containers',
    'listener-started': ', found running',
  };
  const more = count > 1 ? ` and ${count - 1} more` : requested === 'yes' ? ', requested' : '';
  return `${type} ${action}${whose === '' ? '' : ` of ${whose}`}${more}${why[reason]}${repeat ? ', possibly again' : ''}`;
}

/** The question which folder was meant. */
export function describeHint({ near, also = [] }: EventHint): string {
  if (near === undefined) return 'docs/container-events.md lists all events';
  return `Did you mean ${[near, ...also].join(' or ')}?`;
}

/** Which events a hook is run for. */
export function describeFilter(filter: EventFilter): string {
  const { action, container, name, label, image, exitCode, detail: said, requested } = filter;
  const asked = requested === undefined ? undefined : [String(requested)];
  const fields = {
    action,
    container,
    name,
    label,
    image,
    exit_code: exitCode,
    detail: said,
    requested: asked,
  };
  return Object.entries(fields)
    .flatMap(([field, patterns]) => (patterns === undefined ? [] : [`${field} is ${patterns.join(' or ')}`]))
    .join(' and ');
}
