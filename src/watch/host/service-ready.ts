import { readFileSync } from 'node:fs';
import { type AwakeTimer, afterAwake } from '../../system/awake-timer.ts';
import { withDescriptors } from '../../system/descriptor-reserve.ts';
import { DbusConnection } from './dbus-connection.ts';
import type { Call, Message } from './dbus-message.ts';

export interface ServiceReadyHandlers {
  /** The service of the process has reported to systemd that it is ready. */
  readonly ready: () => void;
  /** systemd cannot be reached, or has no such service. */
  readonly unknown: () => void;
}

/** Waits for a process's service to be ready. */
export interface ServiceReady {
  /** No handler is called any more. */
  cancel(): void;
}

/** Reports each state of a unit: `active`, `activating`, `deactivating`, `inactive`, `failed`, …; the present one first. */
export interface UnitStateHandlers {
  readonly state: (state: string) => void;
  /** systemd cannot be reached, or does not answer any more. Nothing is reported after it. */
  readonly unknown: () => void;
}

/** @param unit a unit's name @param user the user whose own systemd has it; undefined for the system's */
export type WatchUnit = (unit: string, user: string | undefined, handlers: UnitStateHandlers) => ServiceReady;

/** @param pid of a process that systemd started */
export type AwaitService = (pid: number, handlers: ServiceReadyHandlers) => ServiceReady;

const systemd = 'org.freedesktop.systemd1';
const managerPath = '/org/freedesktop/systemd1';
const busName = 'org.freedesktop.DBus';

/**
 * Calls `ready` once, as soon as the systemd service of a process is active; connects to systemd alone, and only while it
 * waits. systemd sets the state when the service has sent `READY=1` (org.freedesktop.systemd1(5), sd_notify(3)).
 */
export const awaitService: AwaitService = (pid, handlers) =>
  awaitServiceAt(managersOf(userManagerOf(pid)), pid, handlers);

/**
 * Watches a unit's state over D-Bus, for as long as it is not cancelled. The bus first: its rule lets through the signals
 * of this unit alone, where systemd's own socket sends those of all.
 */
export const watchUnit: WatchUnit = (unit, user, handlers) =>
  watchUnitAt(managersOf(user).reverse(), unit, handlers);

/** Does the same, at the first of these places that answers. */
export function watchUnitAt(
  places: readonly ManagerPlace[],
  unit: string,
  handlers: UnitStateHandlers,
  timeout = defaultTimeout,
): ServiceReady {
  let isKnown = false;
  return queryFirst(places, handlers.unknown, (place, failed) => {
    return new UnitQuery(place, { name: unit }, timeout, {
      state: (state) => {
        isKnown = true;
        handlers.state(state);
      },
      // The end of a place that has answered is the end of the watch: the unit may have changed meanwhile.
      unknown: () => (isKnown ? handlers.unknown() : failed()),
    });
  });
}

/** A socket of the systemd that manages a process. */
export interface ManagerPlace {
  readonly path: string;
  /** Set for a message bus, which needs a greeting, and a rule for the signals to pass on. */
  readonly isBus: boolean;
}

/** The longest wait for an answer, in ms: systemd is busy while it reloads its units, and may hang for good. */
const defaultTimeout = 15_000;

/** Does the same, at the first of these places that answers. */
export function awaitServiceAt(
  places: readonly ManagerPlace[],
  pid: number,
  handlers: ServiceReadyHandlers,
  timeout = defaultTimeout,
): ServiceReady {
  return queryFirst(places, handlers.unknown, (place, failed) => {
    const query: UnitQuery = new UnitQuery(place, { pid }, timeout, {
      state: (state) => {
        if (!isActive(state)) return;
        query.cancel();
        handlers.ready();
      },
      unknown: failed,
    });
    return query;
  });
}

/** Returns whether a unit in this state has reported that it is ready. */
export function isActive(state: string): boolean {
  return state === 'active' || state === 'reloading';
}

/** Makes a query at each place in turn, until one does not fail. */
function queryFirst(
  [place, ...others]: readonly ManagerPlace[],
  unknown: () => void,
  query: (place: ManagerPlace, failed: () => void) => ServiceReady,
): ServiceReady {
  if (place === undefined) throw new RangeError('no place to ask at');
  let current = query(place, () => {
    if (others.length === 0) return unknown();
    current = queryFirst(others, unknown, query);
  });
  return { cancel: () => current.cancel() };
}

/** The own socket of systemd is for root and its own user; the bus is for every user. */
function managersOf(user: string | undefined): ManagerPlace[] {
  const [own, bus] =
    user === undefined
      ? ['/run/systemd/private', '/run/dbus/system_bus_socket']
      : [`/run/user/${user}/systemd/private`, `/run/user/${user}/bus`];
  return [
    { path: own, isBus: false },
    { path: bus, isBus: true },
  ];
}

/** Returns the user whose own systemd started the process, by its control group; undefined for the system's. */
function userManagerOf(pid: number): string | undefined {
  try {
    return /\/user@(\d+)\.service\//.exec(
      withDescriptors(() => readFileSync(`/proc/${pid}/cgroup`, 'utf8')),
    )?.[1];
  } catch {
    return undefined;
  }
}

/**
 * Asks one systemd for the states of a unit, until it is cancelled. Each answer, and each signal that the unit's properties
 * changed, leads to the next request:
 *
 * ```
 *  connect ──bus──▶ Hello ─▶ AddMatch ─▶ Subscribe ─┐
 *     └──own socket────────────────────────────────▶ GetUnitByPID, LoadUnit ─▶ Get ActiveState ◀─ PropertiesChanged
 * ```
 */
class UnitQuery implements ServiceReady {
  readonly #isBus: boolean;
  readonly #which: { readonly pid: number } | { readonly name: string };
  readonly #handlers: UnitStateHandlers;
  readonly #timeout: number;
  readonly #connection: DbusConnection;
  #timer: AwakeTimer;
  #unit: string | undefined;
  #isAsking = false;
  #isChanged = false;

  constructor(
    { path, isBus }: ManagerPlace,
    which: { readonly pid: number } | { readonly name: string },
    timeout: number,
    handlers: UnitStateHandlers,
  ) {
    this.#isBus = isBus;
    this.#which = which;
    this.#handlers = handlers;
    this.#timeout = timeout;
    this.#connection = new DbusConnection(path, {
      open: () => (isBus ? this.#greetBus() : this.#findUnit()),
      signalled: (signal) => {
        if (signal.path === this.#unit && signal.member === 'PropertiesChanged') this.#askState();
      },
      failed: () => {
        this.#timer.cancel();
        handlers.unknown();
      },
    });
    // The handshake takes time too.
    this.#timer = this.#startTimer();
  }

  cancel(): void {
    this.#timer.cancel();
    this.#connection.close();
  }

  #startTimer(): AwakeTimer {
    return afterAwake(this.#timeout, () => this.#giveUp());
  }

  #giveUp(): void {
    this.cancel();
    this.#handlers.unknown();
  }

  /** Makes a call. An answer that is an error, or does not come, ends the query. */
  #call(call: Call, answered: (text: string) => void): void {
    const destination = this.#isBus ? { destination: systemd } : {};
    this.#timer.cancel();
    this.#timer = this.#startTimer();
    this.#connection.call({ ...destination, ...call }, (answer: Message) => {
      this.#timer.cancel();
      if (answer.kind === 'answer') answered(answer.text ?? '');
      else this.#giveUp();
    });
  }

  #greetBus(): void {
    const bus = { destination: busName, path: '/org/freedesktop/DBus', interface: busName };
    const which = 'name' in this.#which ? `/${escapeName(this.#which.name)}` : '';
    const rule = `type='signal',sender='${systemd}',member='PropertiesChanged',path_namespace='${managerPath}/unit${which}'`;
    const manager = { path: managerPath, interface: `${systemd}.Manager` };
    this.#call({ ...bus, member: 'Hello' }, () => {
      this.#call({ ...bus, member: 'AddMatch', arguments: [['s', rule]] }, () => {
        this.#call({ ...manager, member: 'Subscribe' }, () => this.#findUnit());
      });
    });
  }

  #findUnit(): void {
    const manager = { path: managerPath, interface: `${systemd}.Manager` };
    const call: Pick<Call, 'member' | 'arguments'> =
      'pid' in this.#which
        ? { member: 'GetUnitByPID', arguments: [['u', this.#which.pid]] }
        : { member: 'LoadUnit', arguments: [['s', this.#which.name]] };
    this.#call({ ...manager, ...call }, (unit) => {
      this.#unit = unit;
      this.#askState();
    });
  }

  /** The signal has the new state too, but deep inside; systemd answers in less than a millisecond. */
  #askState(): void {
    if (this.#unit === undefined) return;
    // One request at a time: a service whose properties change all the time must not pile them up.
    if (this.#isAsking) {
      this.#isChanged = true;
      return;
    }
    this.#isAsking = true;
    this.#isChanged = false;
    const property = [
      ['s', `${systemd}.Unit`],
      ['s', 'ActiveState'],
    ] as const;
    const properties = { path: this.#unit, interface: 'org.freedesktop.DBus.Properties' };
    this.#call({ ...properties, member: 'Get', arguments: property }, (state) => {
      this.#isAsking = false;
      if (this.#isChanged) this.#askState();
      this.#handlers.state(state);
    });
  }
}

/** Escapes a unit's name for its D-Bus path (sd_bus_path_encode(3)). */
function escapeName(name: string): string {
  return name.replace(/[^A-Za-z0-9]/g, (character) => `_${character.charCodeAt(0).toString(16)}`);
}
