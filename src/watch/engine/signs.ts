import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { followLinks, linkTarget } from '../../system/links.ts';
import {
  bootId,
  identify,
  liveness,
  type ProcessIdentity,
  processName,
  startedAt,
} from '../../system/processes.ts';
import { type FileProblem, readSmallFile } from '../../system/small-file.ts';
import type { FolderWatches } from '../host/folder-watch.ts';
import { isListening, listensOn, type SocketHolder, socketHolder } from '../host/unix-sockets.ts';
import type { EngineRunId, StopCause } from '../lifecycle/observation.ts';
import type { EngineSettings } from '../settings.ts';

/**
 * When a connection may be opened, so that it reaches an engine and does not start one: now, or when the engine's
 * service is ready. Else never, and who holds the socket.
 */
export type Permission = 'now' | 'when-ready' | Exclude<SocketHolder, 'other'>;

/** What can be known of an engine without opening a connection to it. */
interface Signs {
  /** The folders in which its coming and going shows, and the entries in them that matter. */
  places(): ReadonlyMap<string, readonly string[]>;
  /** The engine's process as its pid file names it; undefined without a pid file, or when it is stale. */
  process(): ProcessIdentity | undefined;
  /** What keeps the pid file from being read, where something does: it is no regular file, or is forbidden. */
  pidfileProblem(): FileProblem | undefined;
  /** Whether that process is still at work. */
  isAtWork(process: ProcessIdentity): boolean;
  /** Whether the pid file names this process: it did not end in order, nor is about to. */
  isNamed(process: ProcessIdentity): boolean;
  /** Where the socket's path leads to, links followed. */
  target(): string;
  /** Whether the socket's file is there; always for an engine that has none on this machine. */
  hasSocket(): boolean;
  /** Whether some program listens on the socket, also when its file was removed; undefined where not told. */
  isListening(): boolean | undefined;
  /** @param process the engine's, where it is known */
  mayConnect(process: ProcessIdentity | undefined): Permission;
  /** Whether this process has the socket open itself, as far as can be seen; much quicker found than the above. */
  holdsSocket(process: ProcessIdentity): boolean;
  /** Who would answer a connection. */
  holder(): SocketHolder;
}

/** The signs of an engine: plenty on this machine, none afar. */
export function signsOf({ endpoint, pidfile }: Pick<EngineSettings, 'endpoint' | 'pidfile'>): Signs {
  if (endpoint.kind === 'unix') return localSigns(endpoint.path, pidfile);
  return {
    places: () => new Map(),
    process: () => undefined,
    pidfileProblem: () => undefined,
    isAtWork: () => false,
    isNamed: () => false,
    target: () => '',
    hasSocket: () => true,
    isListening: () => undefined,
    mayConnect: () => 'now',
    holdsSocket: () => true,
    holder: () => 'other',
  };
}

function localSigns(path: string, pidfile: string | undefined): Signs {
  const holdsSocket = ({ pid }: ProcessIdentity) => listensOn(pid, path) !== false;
  return {
    places() {
      const places = new Map<string, string[]>();
      for (const entry of new Set([...followLinks(path), ...(pidfile === undefined ? [] : [pidfile])])) {
        places.set(dirname(entry), [...(places.get(dirname(entry)) ?? []), basename(entry)]);
      }
      return places;
    },
    process: () => (pidfile === undefined ? undefined : readEngineProcess(pidfile)),
    pidfileProblem: () => (pidfile === undefined ? undefined : pidfileProblem(pidfile)),
    isAtWork: (process) => liveness(process) === 'alive',
    isNamed: (process) => pidfile !== undefined && pidfileNames(pidfile, process),
    target: () => linkTarget(path),
    hasSocket: () => existsSync(path),
    isListening: () => isListening(path),
    holder: () => socketHolder(path),
    holdsSocket,
    mayConnect(process) {
      const holder = socketHolder(path);
      if (holder === 'other') return 'now';
      if (process !== undefined) {
        if (holder === 'nobody') return 'now';
        // An engine that stops has let go of the socket already: whoever connects now starts it again.
        if (holder === 'systemd' && !holdsSocket(process)) return 'systemd';
        // What an engine that starts has not accepted when it ends is taken by systemd, which starts it again.
        return 'when-ready';
      }
      // Nobody here listens. Left behind by a killed engine, or an engine in another namespace (a container's,
      // a virtual machine's): harmless to ask, unless its orderly stop took the pid file away.
      if (holder === 'nobody' && (pidfile === undefined || existsSync(pidfile))) return 'now';
      return holder;
    },
  };
}

/** The identity of a run that is known by its process; a pid and its start time come again after a reboot. */
export function runOf({ pid, startTime }: ProcessIdentity): EngineRunId {
  return `${pid}@${startTime}@${bootId()}`;
}

/** How an engine's process ended: one that ends in order takes its pid file away, a killed one cannot. */
export function howItEnded(signs: Signs, process: ProcessIdentity): StopCause {
  return signs.isNamed(process) ? 'crash' : 'shutdown';
}

/** The same for a process that may be at work still, or not be known; undefined then. */
export function endingOf(signs: Signs, process: ProcessIdentity | undefined): StopCause | undefined {
  return process === undefined || signs.isAtWork(process) ? undefined : howItEnded(signs, process);
}

/** Whether the engine on this machine that is there still takes connections. */
export function isServing(signs: Signs): boolean {
  return signs.hasSocket() && signs.isListening() !== false;
}

/**
 * The engine's own process, read from its pid file without touching its socket; undefined when there is no
 * such file, when it is still empty (the engine makes it first and fills it then), or when it is stale: its
 * process has ended, or its pid belongs by now to something else.
 */
function readEngineProcess(pidfile: string): ProcessIdentity | undefined {
  const named = readPid(pidfile);
  const process = named === undefined ? undefined : identify(named.pid);
  return process !== undefined && wrote(process, named?.writtenAt) ? process : undefined;
}

/** Whether the pid file still names this process: an engine that ends in order removes it, a killed one cannot. */
function pidfileNames(pidfile: string, process: ProcessIdentity): boolean {
  return readPid(pidfile)?.pid === process.pid;
}

/** How far the kernel's idea of a start and the file system's of a write may be apart, in ms. */
const clockTolerance = 3000;

/**
 * A process that began after the pid file was written did not write it: the pid is used again. The name alone
 * cannot say so (engines are called dockerd, but not all), nor can the times alone (the clock may have been
 * set since): only both together.
 */
function wrote(process: ProcessIdentity, written: number | undefined): boolean {
  if (processName(process.pid) === 'dockerd') return true;
  const started = startedAt(process);
  return started === undefined || written === undefined || started <= written + clockTolerance;
}

/**
 * Watches where an engine's coming and going shows. To be called again whenever something changed: a socket's
 * path may become a link, and a link may come to lead elsewhere.
 * @returns whether there is a place that was not watched before
 */
export function watchPlacesOf(signs: Signs, folders: FolderWatches, changed: () => void): () => boolean {
  const watched = new Set<string>();
  return () => {
    const before = watched.size;
    for (const [folder, names] of signs.places()) {
      const added = names.filter((name) => !watched.has(join(folder, name)));
      for (const name of added) watched.add(join(folder, name));
      if (added.length > 0) folders.watch(folder, added, changed);
    }
    return watched.size > before;
  };
}

/** Bytes that a pid file has at most: a number and a line end. */
const longest = 64;

/** What a pid file says. */
interface NamedPid {
  readonly pid: number;
  /** Milliseconds since the epoch. */
  readonly writtenAt: number;
}

/** Returns undefined for a pid file that is missing, that holds anything but one number, or that cannot be read. */
export function readPid(pidfile: string): NamedPid | undefined {
  const file = readSmallFile(pidfile, longest);
  if (file.kind !== 'read') return undefined;
  const text = file.bytes.toString('latin1').trim();
  return /^[1-9]\d{0,9}$/.test(text) ? { pid: Number(text), writtenAt: file.modifiedAt } : undefined;
}

/** Returns what keeps a pid file from being read; undefined for one that can be, and for one that is missing. */
export function pidfileProblem(pidfile: string): FileProblem | undefined {
  const file = readSmallFile(pidfile, longest);
  return file.kind === 'read' || file.kind === 'missing' ? undefined : file;
}
