import { readFileSync } from 'node:fs';
import { afterAwake } from '../../system/awake-timer.ts';
import { withDescriptors } from '../../system/descriptor-reserve.ts';
import { type Call, connectDbus, type Message } from './dbus-connection.ts';

export interface ServiceReadyHandlers {
  /** The service that the process belongs to has told systemd that it is ready. */
  readonly ready: () => void;
  /** systemd does not say: it cannot be reached, or knows of no such service. */
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
 * Calls `ready` once, as soon as the systemd service of a process is active; asks nobody but systemd, and stays
 * connected to it for only as long as it waits. systemd says so when the service said `READY=1`
 * (org.freedesktop.systemd1(5), sd_notify(3)).
 */
export const awaitService: AwaitService = (pid, handlers) => awaitServiceAt(managersOf(pid), pid, handlers);

/** Where the systemd that manages a process can be spoken to. */
export interface ManagerPlace {
  readonly path: string;
  /** Whether it is reached over a message bus, which is to be greeted and told what to pass on. */
  readonly isBus: boolean;
}

/** How long an answer may take, in ms: systemd is busy while it reads its units anew, and may be stuck for good. */
const defaultPatience = 15_000;

/** The same, asked at the first of these places that answers. */
export function awaitServiceAt(
  [place, ...others]: readonly ManagerPlace[],
  pid: number,
  handlers: ServiceReadyHandlers,
  patience = defaultPatience,
): ServiceReady {
  let current: ServiceReady;
  const tryNext = () => {
    if (others.length === 0) return handlers.unknown();
    current = awaitServiceAt(others, pid, handlers, patience);
  };
  if (place === undefined) throw new RangeError('no place to ask at');
  current = awaitAt(place, pid, { ready: handlers.ready, unknown: tryNext }, patience);
  return { cancel: () => current.cancel() };
}

/** Its own socket is for root and its own user; the bus is for everybody. */
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

/** The user whose own systemd started the process; undefined for the system's, as its control group tells. */
function userManagerOf(pid: number): string | undefined {
  try {
    return /\/user@(\d+)\.service\//.exec(
      withDescriptors(() => readFileSync(`/proc/${pid}/cgroup`, 'utf8')),
    )?.[1];
  } catch {
    return undefined;
  }
}

function awaitAt(
  { path, isBus }: ManagerPlace,
  pid: number,
  handlers: ServiceReadyHandlers,
  patience: number,
): ServiceReady {
  let unit: string | undefined;
  let isAsking = false;
  let isChanged = false;
  const connection = connectDbus(path, {
    open: isBus ? greetBus : findUnit,
    signalled(signal) {
      if (signal.path === unit && signal.member === 'PropertiesChanged') askState();
    },
    failed() {
      silence.cancel();
      handlers.unknown();
    },
  });
  // To be greeted takes time too.
  let silence = afterAwake(patience, giveUp);

  function close(): void {
    silence.cancel();
    connection.close();
  }

  function giveUp(): void {
    close();
    handlers.unknown();
  }

  /** Asks something; an answer that is an error, or is not what was asked for, ends it all. */
  function ask(call: Call, answered: (text: string) => void): void {
    const destination = isBus ? { destination: systemd } : {};
    silence.cancel();
    silence = afterAwake(patience, giveUp);
    connection.call({ ...destination, ...call }, (answer: Message) => {
      silence.cancel();
      if (answer.kind === 'answer') answered(answer.text ?? '');
      else giveUp();
    });
  }

  function greetBus(): void {
    const bus = { destination: busName, path: '/org/freedesktop/DBus', interface: busName };
    ask({ ...bus, member: 'Hello' }, () => {
      const rule = `type='signal',sender='${systemd}',member='PropertiesChanged',path_namespace='${managerPath}/unit'`;
      ask({ ...bus, member: 'AddMatch', arguments: [['s', rule]] }, () => {
        ask({ path: managerPath, interface: `${systemd}.Manager`, member: 'Subscribe' }, findUnit);
      });
    });
  }

  function findUnit(): void {
    const member = 'GetUnitByPID';
    ask({ path: managerPath, interface: `${systemd}.Manager`, member, arguments: [['u', pid]] }, (found) => {
      unit = found;
      askState();
    });
  }

  /** What changed is in the signal too, but deep in it; systemd answers in less than a millisecond. */
  function askState(): void {
    if (unit === undefined) return;
    // One question at a time: a service whose properties change all the time must not pile them up.
    if (isAsking) {
      isChanged = true;
      return;
    }
    isAsking = true;
    isChanged = false;
    const property = { path: unit, interface: 'org.freedesktop.DBus.Properties', member: 'Get' };
    ask(
      {
        ...property,
        arguments: [
          ['s', `${systemd}.Unit`],
          ['s', 'ActiveState'],
        ],
      },
      (state) => {
        isAsking = false;
        if (state !== 'active' && state !== 'reloading') return isChanged ? askState() : undefined;
        close();
        handlers.ready();
      },
    );
  }

  return { cancel: close };
}
