import type { Endpoint } from '../config/endpoint.ts';
import { openConnection } from '../engine/connection.ts';
import type { HttpAnswer } from '../engine/http.ts';
import { nanoOfIso } from '../system/nanoseconds.ts';
import type { SeenContainer } from './seen-container.ts';

/** Asks an engine a few things, one after the other, on one connection that is closed behind them. */
export interface Inquiry {
  /** What the engine's clock says, in nanoseconds. @throws Error when it does not say */
  clock(): Promise<string>;
  /** All containers, those that have ended too. @throws Error when the engine does not answer */
  containers(): Promise<SeenContainer[]>;
  /** Lets go of the engine at once; what was asked for is not answered any more. */
  close(): void;
}

export function openInquiry(endpoint: Endpoint): Inquiry {
  let waiting: { resolve: (answer: HttpAnswer) => void; reject: (error: Error) => void } | undefined;
  let ended: Error | undefined;
  const connection = openConnection(endpoint, {
    answered: (answer) => take()?.resolve(answer),
    ended(how) {
      ended = new Error(how.kind === 'closed' ? 'the connection was closed' : how.code);
      take()?.reject(ended);
    },
  });

  function take() {
    const taken = waiting;
    waiting = undefined;
    return taken;
  }

  async function get(path: string): Promise<unknown> {
    const { status, body } = await new Promise<HttpAnswer>((resolve, reject) => {
      if (ended !== undefined) return reject(ended);
      waiting = { resolve, reject };
      connection.get(path);
    });
    // Gone since it was listed.
    if (status === 404) return undefined;
    if (status !== 200) throw new Error(`${path} was answered with ${status}`);
    return JSON.parse(body.toString('utf8'));
  }

  return {
    async clock() {
      const { SystemTime: time } = ((await get('/info')) ?? {}) as { SystemTime?: unknown };
      const nano = typeof time === 'string' ? nanoOfIso(time) : undefined;
      if (nano === undefined) throw new Error('/info has no time');
      return nano;
    },
    async containers() {
      const list = ((await get('/containers/json?all=1')) ?? []) as readonly { Id: string }[];
      const seen: SeenContainer[] = [];
      for (const { Id: id } of list) {
        const container = (await get(`/containers/${encodeURIComponent(id)}/json`)) as Inspected | undefined;
        if (container !== undefined) seen.push(seenIn(container));
      }
      return seen;
    },
    close() {
      connection.close();
      take()?.reject(new Error('it was not waited for'));
    },
  };
}

/** As much of `GET /containers/ID/json` as is of interest. */
interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly Config: { readonly Image: string; readonly Labels: Readonly<Record<string, string>> | null };
  readonly State: {
    readonly Running: boolean;
    readonly Restarting: boolean;
    readonly StartedAt: string;
    readonly FinishedAt: string;
    readonly ExitCode: number;
  };
}

function seenIn({ Id: id, Name: name, Config: config, State: state }: Inspected): SeenContainer {
  // One that waits to be restarted says of itself that it runs.
  const isRunning = state.Running && !state.Restarting;
  return {
    id,
    isRunning,
    started: nanoOfIso(state.StartedAt),
    finished: isRunning ? undefined : nanoOfIso(state.FinishedAt),
    exitCode: isRunning ? undefined : state.ExitCode,
    attributes: { ...config.Labels, image: config.Image, name: name.replace(/^\//, '') },
  };
}
