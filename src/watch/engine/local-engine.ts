import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { followLinks, linkTarget } from '../../system/links.ts';
import { liveness, type ProcessIdentity } from '../../system/processes.ts';
import type { FileProblem } from '../../system/small-file.ts';
import type { FolderWatches } from '../host/folder-watch.ts';
import { pidfileProblem, processInPidfile, readPid } from '../host/pidfile.ts';
import { isListening, listenerAt, listensOn, type SocketHolder, socketHolder } from '../host/unix-sockets.ts';
import type { StopCause } from '../lifecycle/observation.ts';
import type { EngineSettings } from '../settings.ts';

/**
 * Permission to open a connection, so that it reaches an engine and does not start one: `now`, or when the engine's
 * service is ready. Else none, and the holder of the socket.
 */
export type Permission = 'now' | 'when-ready' | Exclude<SocketHolder, 'other'>;

/**
 * The process and the socket of an engine, as this machine shows them without a connection. A remote engine has neither
 * here: then `socket` is undefined.
 */
export class LocalEngine {
  readonly #socket: string | undefined;
  readonly #pidfile: string | undefined;

  constructor({ endpoint, pidfile }: Pick<EngineSettings, 'endpoint' | 'pidfile'>) {
    this.#socket = endpoint.kind === 'unix' ? endpoint.path : undefined;
    this.#pidfile = endpoint.kind === 'unix' ? pidfile : undefined;
  }

  /**
   * Watches the folders in which the engine's start and stop show. To be called again whenever something changed: a
   * socket's path may become a link, and a link may come to lead elsewhere.
   * @returns the function that does so, which returns whether there is a place that was not watched before
   */
  watchPlaces(folders: FolderWatches, changed: () => void): () => boolean {
    const watched = new Set<string>();
    return () => {
      const before = watched.size;
      for (const [folder, names] of this.#places()) {
        const added = names.filter((name) => !watched.has(join(folder, name)));
        for (const name of added) watched.add(join(folder, name));
        if (added.length > 0) folders.watch(folder, added, changed);
      }
      return watched.size > before;
    };
  }

  /** Returns the engine's process by its pid file; undefined without a pid file, or when it is stale. */
  process(): ProcessIdentity | undefined {
    return this.#pidfile === undefined ? undefined : processInPidfile(this.#pidfile);
  }

  /** Returns the problem that keeps the pid file from being read: it is no regular file, or is forbidden. */
  pidfileProblem(): FileProblem | undefined {
    return this.#pidfile === undefined ? undefined : pidfileProblem(this.#pidfile);
  }

  /** Returns whether that process has not ended. */
  isAtWork(process: ProcessIdentity): boolean {
    return this.#socket !== undefined && liveness(process) === 'alive';
  }

  /** Returns the cause of a process's end: one that ends in order removes its pid file, a killed one cannot. */
  causeOfEnd(process: ProcessIdentity): StopCause {
    const isNamed = this.#pidfile !== undefined && readPid(this.#pidfile)?.pid === process.pid;
    return isNamed ? 'crash' : 'shutdown';
  }

  /** Returns undefined for a process that is at work still, or not known. */
  causeIfEnded(process: ProcessIdentity | undefined): StopCause | undefined {
    return process === undefined || this.isAtWork(process) ? undefined : this.causeOfEnd(process);
  }

  /** Returns the path of the socket with links followed. */
  target(): string {
    return this.#socket === undefined ? '' : linkTarget(this.#socket);
  }

  /** Returns whether the socket's file exists; always true for a remote engine. */
  hasSocket(): boolean {
    return this.#socket === undefined || existsSync(this.#socket);
  }

  /** Returns whether a process listens on the socket, also when its file was removed; undefined where not shown. */
  isListening(): boolean | undefined {
    return this.#socket === undefined ? undefined : isListening(this.#socket);
  }

  /** Returns the name of the socket that listens; see `listenerAt`. */
  listener(): string | undefined {
    return this.#socket === undefined ? undefined : listenerAt(this.#socket);
  }

  /** Returns whether the engine still accepts connections. */
  isServing(): boolean {
    return this.hasSocket() && this.isListening() !== false;
  }

  /** Returns whether this process has the socket open itself, as far as can be seen; much faster than `holder`. */
  holdsSocket({ pid }: ProcessIdentity): boolean {
    return this.#socket === undefined || listensOn(pid, this.#socket) !== false;
  }

  /** Returns who would accept a connection. */
  holder(): SocketHolder {
    return this.#socket === undefined ? 'other' : socketHolder(this.#socket);
  }

  /** @param process the engine's, where it is known */
  mayConnect(process: ProcessIdentity | undefined): Permission {
    const holder = this.holder();
    if (holder === 'other') return 'now';
    if (process !== undefined) {
      if (holder === 'nobody') return 'now';
      // An engine that stops has closed the socket already: a connection now starts it again.
      if (holder === 'systemd' && !this.holdsSocket(process)) return 'systemd';
      // systemd takes a connection that an engine has not accepted when it ends, and starts it again.
      return 'when-ready';
    }
    // No process here listens. Left behind by a killed engine, or an engine in another namespace (a container's,
    // a virtual machine's): harmless to ask, unless its orderly stop removed the pid file.
    const hasEnded = this.#pidfile !== undefined && !existsSync(this.#pidfile);
    return holder === 'nobody' && !hasEnded ? 'now' : holder;
  }

  /** Returns the folders of socket and pid file, and the entries in them that matter. */
  #places(): ReadonlyMap<string, readonly string[]> {
    const places = new Map<string, string[]>();
    const links = this.#socket === undefined ? [] : followLinks(this.#socket);
    for (const entry of new Set([...links, ...(this.#pidfile === undefined ? [] : [this.#pidfile])])) {
      places.set(dirname(entry), [...(places.get(dirname(entry)) ?? []), basename(entry)]);
    }
    return places;
  }
}
