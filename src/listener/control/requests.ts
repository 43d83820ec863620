import { eventFolders, eventWord } from '../../hooks/engine-events.ts';
import { hintForEvent } from '../../hooks/event-hints.ts';
import { nearest } from '../../system/nearest.ts';
import type { LifecycleEvent } from '../../watch/lifecycle/transition.ts';
import {
  type ControlRequest,
  Declined,
  defaultEntries,
  type HistoryQuery,
  longestCompanionWait,
  mostEntries,
} from './protocol.ts';

/** The highest that Linux gives (PID_MAX_LIMIT). */
const mostPid = 4_194_304;

interface Route {
  readonly method: 'GET' | 'POST';
  readonly read: (parameters: Parameters, path: RegExpExecArray) => ControlRequest;
}

const routes: readonly (readonly [RegExp, Route])[] = [
  [/^\/v1\/status$/, { method: 'GET', read: () => ({ kind: 'status' }) }],
  [/^\/v1\/hooks$/, { method: 'GET', read: () => ({ kind: 'hooks' }) }],
  [/^\/v1\/events$/, { method: 'GET', read: () => ({ kind: 'events' }) }],
  // Not under /v1: Prometheus's format has a version of its own.
  [/^\/metrics$/, { method: 'GET', read: () => ({ kind: 'metrics' }) }],
  [/^\/v1\/history$/, { method: 'GET', read: (given) => ({ kind: 'history', query: historyQuery(given) }) }],
  [
    /^\/v1\/history\/(\d{1,12})$/,
    { method: 'GET', read: (_, path) => ({ kind: 'history-entry', number: Number(path[1]) }) },
  ],
  [/^\/v1\/page$/, { method: 'POST', read: () => ({ kind: 'page' }) }],
  [/^\/v1\/reload$/, { method: 'POST', read: () => ({ kind: 'reload' }) }],
  [
    /^\/v1\/notifier$/,
    {
      method: 'POST',
      read: (given) => ({ kind: 'notifier', open: given.flag('open'), ...given.port('port') }),
    },
  ],
  [
    /^\/v1\/trigger$/,
    {
      method: 'POST',
      read: (given) => ({
        kind: 'trigger',
        event: given.event('event') ?? missing('event', 'start or stop'),
        ...given.optional('engine'),
        ...given.optional('hook'),
        ...given.optional('run'),
        ...numbered('pid', given.number('pid', mostPid)),
      }),
    },
  ],
  [
    /^\/v1\/companion\/(start|stop)$/,
    {
      method: 'POST',
      read: (given, path) => ({
        kind: 'companion',
        message: path[1] === 'start' ? 'start' : 'stop',
        wait: 1000 * (given.number('wait', longestCompanionWait) ?? 0),
        ...given.optional('engine'),
      }),
    },
  ],
];

/**
 * Reads a request. Its parameters are in the query, or in a JSON object in the body.
 * @throws Declined for an unknown or malformed request
 */
export function readRequest(method: string, target: string, body: string): ControlRequest {
  const { pathname, searchParams } = parseTarget(target);
  for (const [pattern, route] of routes) {
    const path = pattern.exec(pathname);
    if (path === null) continue;
    if (method !== route.method) throw new Declined(405, `${pathname} takes ${route.method}, not ${method}`);
    const given = new Parameters(new Map([...searchParams, ...bodyParameters(body)]));
    const request = route.read(given, path);
    given.end();
    return request;
  }
  throw new Declined(404, `There is no ${pathname}`, 'See docs/control-socket.md');
}

function parseTarget(target: string): URL {
  // A Unix socket needs no host.
  if (!target.startsWith('/') || !URL.canParse(`http://listener${target}`)) {
    throw new Declined(400, 'That is no path', 'As GET /v1/status');
  }
  return new URL(`http://listener${target}`);
}

function bodyParameters(body: string): [string, string][] {
  if (body.trim() === '') return [];
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new Declined(400, 'The body is no JSON', 'As {"event": "start"}');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Declined(400, 'The body is no JSON object', 'As {"event": "start"}');
  }
  return Object.entries(value).map(([key, given]: [string, unknown]) => {
    if (!['string', 'number', 'boolean'].includes(typeof given)) {
      throw new Declined(400, `${key} is no text, number, true or false`);
    }
    return [key, String(given)];
  });
}

function historyQuery(given: Parameters): HistoryQuery {
  const event = given.anyEvent('event');
  const since = given.time('since');
  return {
    n: given.number('n', mostEntries) ?? defaultEntries,
    ...(event === undefined ? {} : { event }),
    ...(since === undefined ? {} : { since }),
    ...given.optional('hook'),
    ...given.optional('engine'),
    ...(given.flag('failed') ? { failed: true as const } : {}),
  };
}

/** Reads parameters one by one, and finds unknown ones. */
class Parameters {
  readonly #given: ReadonlyMap<string, string>;
  readonly #known = new Set<string>();

  constructor(given: ReadonlyMap<string, string>) {
    this.#given = given;
  }

  text(name: string): string | undefined {
    this.#known.add(name);
    return this.#given.get(name);
  }

  optional<Name extends string>(name: Name): { readonly [name in Name]?: string } {
    const value = this.text(name);
    return (value === undefined ? {} : { [name]: value }) as { [name in Name]?: string };
  }

  event(name: string): LifecycleEvent | undefined {
    const value = this.text(name);
    if (value === undefined || value === 'start' || value === 'stop') return value;
    throw new Declined(400, `${name} is ${JSON.stringify(value)}`, 'Give start or stop');
  }

  /** One of an engine's own events too. */
  anyEvent(name: string): string | undefined {
    const value = this.text(name);
    if (value === undefined || value === 'start' || value === 'stop') return value;
    const words = [...eventFolders.values()].map(eventWord);
    const event = words.find((word) => word === value);
    if (event !== undefined) return event;
    const { near, also = [] } = hintForEvent(value);
    throw new Declined(
      400,
      `${name} is ${JSON.stringify(value)}`,
      near === undefined
        ? 'Give start, stop, or an event as container_die'
        : `Did you mean ${[near, ...also].join(' or ')}?`,
    );
  }

  flag(name: string): boolean {
    const value = this.text(name);
    if (value === undefined || value === 'false' || value === '0') return false;
    if (value === '' || value === 'true' || value === '1') return true;
    throw new Declined(400, `${name} is ${JSON.stringify(value)}`, 'Give true or false');
  }

  number(name: string, most: number): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (/^\d{1,7}(\.\d{1,3})?$/.test(value) && Number(value) <= most) return Number(value);
    throw new Declined(400, `${name} is ${JSON.stringify(value)}`, `Give a number from 0 to ${most}`);
  }

  port(name: string): { readonly port?: number } {
    const value = this.text(name);
    if (value === undefined) return {};
    if (/^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= 65_535)
      return { port: Number(value) };
    throw new Declined(400, `${name} is ${JSON.stringify(value)}`, 'Give a number from 1 to 65535');
  }

  /** A moment, in ms since the epoch. */
  time(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const at = /^\d{1,15}$/.test(value) ? Number(value) : Date.parse(value);
    if (!Number.isNaN(at)) return at;
    throw new Declined(400, `${name} is ${JSON.stringify(value)}`, 'Give a time as 2026-11-24T09:00:00Z');
  }

  /** @throws Declined for a parameter that means nothing here */
  end(): void {
    const unknown = [...this.#given.keys()].find((name) => !this.#known.has(name));
    if (unknown === undefined) return;
    const near = nearest(unknown, [...this.#known]);
    throw new Declined(
      400,
      `There is no parameter ${JSON.stringify(unknown)} here`,
      near && `Did you mean ${near}?`,
    );
  }
}

function numbered<Name extends string>(
  name: Name,
  value: number | undefined,
): { readonly [name in Name]?: number } {
  return (value === undefined ? {} : { [name]: value }) as { [name in Name]?: number };
}

function missing(name: string, what: string): never {
  throw new Declined(400, `${name} is missing`, `Give ${what}`);
}
