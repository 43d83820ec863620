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

/** @param pid of a process that systemd started */
export type AwaitService = (pid: number, handlers: ServiceReadyHandlers) => ServiceReady;

const systemd = 'org.freedesktop.systemd1';
const managerPath = '/org/freedesktop/systemd1';
const busName = 'org.freedesktop.DBus';

/**
 * Calls `ready` once, as soon as the systemd service of a process is active; connects to systemd alone, and only while it
 * waits. systemd sets the state when the service has sent `READY=1` (org.freedesktop.systemd1(5), sd_notify(3)).
 */
export const awaitService: AwaitService = (pid, handlers) => awaitServiceAt(managersOf(pid), pid, handlers);

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
  [place, ...others]: readonly ManagerPlace[],
  pid: number,
  handlers: ServiceReadyHandlers,
  timeout = defaultTimeout,
): ServiceReady {
  let current: ServiceReady;
  const tryNext = () => {
    if (others.length === 0) return handlers.unknown();
    current = awaitServiceAt(others, pid, handlers, timeout);
  };
  if (place === undefined) throw new RangeError('no place to ask at');
  current = new ServiceQuery(place, pid, { ready: handlers.ready, unknown: tryNext }, timeout);
  return { cancel: () => current.cancel() };
}

/** The own socket of systemd is for root and its own user; the bus is for every user. */
function managersOf(pid: number): ManagerPlace[] {
  const user = userManagerOf(pid);
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
 * Asks one systemd. Each answer, and each signal that the unit's properties changed, leads to the next request:
 *
 * ```
 *  connect ──bus──▶ Hello ─▶ AddMatch ─▶ Subscribe ─┐
 *     └──own socket────────────────────────────────▶ GetUnitByPID ─▶ Get ActiveState ◀─ PropertiesChanged
 *                                                                    └──active──▶ ready
 * ```
 */
class ServiceQuery implements ServiceReady {
  readonly #isBus: boolean;
  readonly #pid: number;
  readonly #handlers: ServiceReadyHandlers;
  readonly #timeout: number;
  readonly #connection: DbusConnection;
  #timer: AwakeTimer;
  #unit: string | undefined;
  #isAsking = false;
  #isChanged = false;

  constructor({ path, isBus }: ManagerPlace, pid: number, handlers: ServiceReadyHandlers, timeout: number) {
    this.#isBus = isBus;
    this.#pid = pid;
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
    const rule = `type='signal',sender='${systemd}',member='PropertiesChanged',path_namespace='${managerPath}/unit'`;
    const manager = { path: managerPath, interface: `${systemd}.Manager` };
    this.#call({ ...bus, member: 'Hello' }, () => {
      this.#call({ ...bus, member: 'AddMatch', arguments: [['s', rule]] }, () => {
        this.#call({ ...manager, member: 'Subscribe' }, () => this.#findUnit());
      });
    });
  }

  #findUnit(): void {
    const manager = { path: managerPath, interface: `${systemd}.Manager` };
    this.#call({ ...manager, member: 'GetUnitByPID', arguments: [['u', this.#pid]] }, (unit) => {
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
      if (state !== 'active' && state !== 'reloading') return this.#isChanged ? this.#askState() : undefined;
      this.cancel();
      this.#handlers.ready();
    });
  }
}
