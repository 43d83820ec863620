import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { bundle } from '../bundle.ts';

/** What becomes of a client's connection while there is no engine behind it. */
export type Without =
  | 'cut'
  /** It stays open, and nothing is ever answered on it. */
  | 'silent'
  /** It is joined to the engine as soon as there is one. */
  | 'waits'
  /** Each request on it is answered with this status. */
  | 500
  | 502;

/** How a proxy behaves. */
export interface Manners {
  /** To connections that are made while the engine is down. */
  readonly whileDown: Without;
  /** To connections on which the engine has ended. */
  readonly whenItEnds: Without;
  /** Connections on which nothing was said for so long are cut, in ms. */
  readonly idleLimit?: number;
  /** Connections are closed after each answer. */
  readonly oneAnswer?: boolean;
}

/** A proxy before an engine, as a process of its own. */
export interface EngineProxy {
  /** How many connections it has accepted so far, through all its lives. */
  readonly accepted: number;
  /** Starts it, and waits until it listens. */
  start(): Promise<void>;
  /** Cuts all its connections, stops listening, and listens anew at once. */
  restart(): Promise<void>;
  /** SIGKILL: its socket stays behind. */
  kill(): Promise<void>;
}

export function createProxy(folder: string, engineSocket: string, at: string, manners: Manners): EngineProxy {
  const program = bundle('support/lab/proxy-process', folder);
  let child: ChildProcess | undefined;
  let accepted = 0;
  return {
    get accepted() {
      return accepted;
    },
    async start() {
      child = fork(program, [engineSocket, at, JSON.stringify(manners)]);
      child.on('message', (said) => {
        if (said === 'accepted') accepted += 1;
      });
      await listens(child);
    },
    async restart() {
      if (child === undefined) throw new Error('There is no proxy to restart');
      const listening = listens(child);
      child.send('restart');
      await listening;
    },
    async kill() {
      if (child === undefined) return;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      child = undefined;
      await exit;
    },
  };
}

function listens(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.on('message', function heard(said) {
      if (said !== 'listening') return;
      child.off('message', heard);
      resolve();
    });
  });
}
