import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { room } from '../wait-for.ts';
import { run } from './command.ts';
import { type EngineVersion, rootOf } from './folder.ts';
import { intoGroups, layGround } from './ground.ts';
import { clearPlace, makePlace } from './place.ts';

export interface LabEngineOptions {
  readonly version: EngineVersion;
  /**
   * `host`: no bridge, and containers see the host's loopback with `--network host`. `private`: a network
   * namespace of its own with docker0 in it; a listener must be started there too, with `besides`.
   */
  readonly network?: 'host' | 'private';
  /** Containers survive the engine. */
  readonly liveRestore?: boolean;
  /** More words for dockerd. */
  readonly flags?: readonly string[];
}

/** A real dockerd, private to one test, from a Debian root. Made stopped; it can be started again and again. */
export interface LabEngine {
  readonly version: EngineVersion;
  readonly folder: string;
  readonly socket: string;
  readonly pidfile: string;
  /** Words in front of a command that make it run in the engine's network, on the host's files. */
  readonly besides: readonly string[];
  /** The process of dockerd; undefined while there is none. */
  readonly pid: number | undefined;
  /** Starts it and waits until its API answers. `flags` are for this start alone. */
  start(...flags: string[]): Promise<void>;
  /** Whether it answers a `_ping` on a new connection. */
  answers(): Promise<boolean>;
  /** Starts it and does not wait. */
  launch(...flags: string[]): void;
  /** Sends SIGTERM; resolves when the process is over, with how long that took in ms. */
  stop(): Promise<number>;
  /** Sends any other ending signal; resolves when the process is over. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Resolves when the process is over, however it ended. */
  over(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  freeze(): void;
  thaw(): void;
  /** Runs a command of Docker's own command line on it and gives its output. @throws Error when it fails */
  docker(words: readonly string[], input?: Readable): Promise<string>;
  /** Runs any program of the root, as root, beside the engine. */
  inside(...words: string[]): Promise<string>;
  /** The last lines of what dockerd said. */
  log(): string;
  /** Ends everything and removes it. */
  clear(): Promise<void>;
}

/** How long an engine may take to answer, or to end, in ms: far beyond what a loaded machine needs. */
const longestWait = 90_000;

export async function createLabEngine(options: LabEngineOptions): Promise<LabEngine> {
  const { version, network = 'host', liveRestore = false } = options;
  const place = makePlace();
  const { folder } = place;
  const paths = {
    socket: join(folder, 'docker.sock'),
    pidfile: join(folder, 'docker.pid'),
    data: join(folder, 'data'),
    exec: join(folder, 'exec'),
    log: join(folder, 'dockerd.log'),
  };
  // The longest is one of libnetwork's, in `exec`.
  if (Buffer.byteLength(paths.exec) + 32 > 107) {
    throw new Error(`${folder} is too long for Unix sockets\n  Name a shorter folder in LAB_FOLDER`);
  }
  const ground = await layGround(place, rootOf(version), network);
  const flags = [
    ...['--data-root', paths.data, '--exec-root', paths.exec, '--pidfile', paths.pidfile],
    ...['-H', `unix://${paths.socket}`, '--cgroup-parent', `/${place.name}/containers`],
    ...(network === 'host' ? ['--bridge=none', '--iptables=false'] : []),
    ...(liveRestore ? ['--live-restore'] : []),
    ...(options.flags ?? []),
  ];
  let daemon: ChildProcess | undefined;
  let exit: Promise<void> = Promise.resolve();

  function launch(...more: string[]): void {
    if (daemon !== undefined) throw new Error('The engine is there already');
    const [file = '', ...words] = [
      ...intoGroups(place.groups),
      ...ground.inside,
      ...['dockerd', ...flags, ...more],
    ];
    const log = openSync(paths.log, 'a');
    const child = spawn(file, words, { env: place.environment, stdio: ['ignore', log, log] });
    daemon = child;
    exit = new Promise((resolve) => {
      child.once('exit', () => {
        daemon = undefined;
        resolve();
      });
    });
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    daemon?.kill(signal);
    await inTime(exit, () => `dockerd ${version} did not end after ${signal}:\n${log()}`);
  }

  function log(): string {
    return readFileSync(paths.log, 'utf8').trimEnd().split('\n').slice(-20).join('\n');
  }

  const docker = ['docker', '-H', `unix://${paths.socket}`];
  // The image builder that comes with the engine; the newer one is a package of its own.
  const environment = { ...place.environment, DOCKER_BUILDKIT: '0' };
  mkdirSync(paths.data);
  return {
    version,
    folder,
    socket: paths.socket,
    pidfile: paths.pidfile,
    besides: ground.besides,
    get pid() {
      return daemon?.pid;
    },
    answers: () => answers(paths.socket),
    launch,
    async start(...more) {
      launch(...more);
      const deadline = Date.now() + room(longestWait);
      while (!(await answers(paths.socket))) {
        if (daemon === undefined) throw new Error(`dockerd ${version} ended while it started:\n${log()}`);
        if (Date.now() > deadline) throw new Error(`dockerd ${version} does not answer:\n${log()}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async stop() {
      const began = performance.now();
      await end('SIGTERM');
      return performance.now() - began;
    },
    kill: end,
    over: () => exit,
    freeze: () => void daemon?.kill('SIGSTOP'),
    thaw: () => void daemon?.kill('SIGCONT'),
    docker: (words, input) =>
      run([...ground.inside, ...docker, ...words], { environment, ...(input && { input }) }),
    inside: (...words) => run([...ground.inside, ...words], { environment }),
    log,
    async clear() {
      daemon?.kill('SIGKILL');
      await exit;
      await clearPlace(place);
    },
  };
}

/** Whether the engine answers a `_ping`, on a connection that is closed at once. */
function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asking = request({ socketPath, path: '/_ping', agent: false, timeout: 1000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asking.on('error', () => resolve(false));
    asking.on('timeout', () => asking.destroy());
    asking.end();
  });
}

async function inTime(event: Promise<void>, otherwise: () => string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(otherwise())), longestWait);
  });
  await Promise.race([event, late]).finally(() => clearTimeout(timer));
}
