import { existsSync, readlinkSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Endpoint } from '../config/endpoint.ts';
import type { Run } from '../lifecycle/observation.ts';
import { liveness, type ProcessIdentity } from '../system/processes.ts';
import { isListening, type SocketHolder, socketHolder } from '../system/unix-sockets.ts';
import { pidfileNames, readEngineProcess } from './engine-process.ts';

/** What can be known of an engine on this machine without opening its socket. */
export interface Signs {
  /** The folders in which an engine's coming and going shows. */
  folders(): readonly string[];
  /** The entries in them that matter. */
  isSign(name: string): boolean;
  /** The engine's process as its pid file names it; undefined without a pid file, or when it is stale. */
  process(): ProcessIdentity | undefined;
  /** Whether that process is still at work. */
  isAtWork(process: ProcessIdentity): boolean;
  /** Whether a process that is over left its pid file behind, as one does that was killed. */
  leftPidfile(process: ProcessIdentity): boolean;
  /** Whether the socket's file is there. */
  hasSocket(): boolean;
  /** Whether some program listens on the socket, also when its file was removed; undefined where not told. */
  isListening(): boolean | undefined;
  /** Who would answer a connection. */
  holder(): SocketHolder;
}

/** The signs of the engine at `endpoint`; without a pid file its process stays unknown. */
export function signsOf(endpoint: Endpoint, pidfile: string | undefined): Signs {
  const socket = () => followLink(endpoint.path);
  const watched = [endpoint.path, ...(pidfile === undefined ? [] : [pidfile])];
  return {
    folders: () => [...new Set([...watched, socket()].map((path) => dirname(path)))],
    isSign: (name) => [...watched, socket()].some((path) => path.endsWith(`/${name}`)),
    process: () => (pidfile === undefined ? undefined : readEngineProcess(pidfile)),
    isAtWork: (process) => liveness(process) === 'alive',
    leftPidfile: (process) => pidfile !== undefined && pidfileNames(pidfile, process),
    hasSocket: () => existsSync(endpoint.path),
    isListening: () => isListening(socket()),
    holder: () => socketHolder(socket()),
  };
}

/** The identity of a run that is known by its process. */
export function runOf({ pid, startTime }: ProcessIdentity): Run {
  return `${pid}@${startTime}`;
}

/** Docker Desktop makes /var/run/docker.sock a link into the user's home: what matters happens there. */
function followLink(path: string): string {
  try {
    return resolve(dirname(path), readlinkSync(path));
  } catch {
    return path;
  }
}
