import { tableIn } from '../system/json.ts';
import { nanoOfIso } from '../system/nanoseconds.ts';
import { release } from '../system/release.ts';
import type { Endpoint } from '../watch/endpoint/endpoint.ts';
import { openConnection } from '../watch/engine/connection.ts';
import { createDeadline } from '../watch/engine/deadline.ts';
import type { HttpAnswer } from '../watch/engine/http.ts';
import { idsIn, isOfInterest, readInspected, type UnreadableContainer } from './inspected.ts';
import { JsonSkimmer, type Leaf } from './json-skimmer.ts';
import { limits, weightOf } from './limits.ts';
import type { SeenContainer } from './seen-container.ts';

/** The containers that an engine has. */
interface Inventory {
  readonly containers: readonly SeenContainer[];
  /** Those whose description cannot be read: nothing is known of them, neither that they run nor that they are gone. */
  readonly unreadable: readonly UnreadableContainer[];
}

/** How long an engine may take for one answer, in ms. */
const usualPatience = 60_000;

/** Asks an engine a few things, one after the other, on one connection that is closed behind them. */
export interface Inquiry {
  /** What the engine's clock says, in nanoseconds. @throws Error when it does not say */
  clock(): Promise<string>;
  /**
   * Returns all containers, those that have ended too.
   * @throws Error when the engine does not answer in time, or with no list
   */
  containers(): Promise<Inventory>;
  /** Lets go of the engine at once; what was asked for is not answered any more. */
  close(): void;
}

export function openInquiry(endpoint: Endpoint, patience = usualPatience): Inquiry {
  let waiting: { resolve: (answer: HttpAnswer) => void; reject: (error: Error) => void } | undefined;
  let ended: Error | undefined;
  const connection = openConnection(endpoint, {
    answered: (answer) => take()?.resolve(answer),
    ended(how) {
      ended = new Error(how.kind === 'closed' ? 'the connection was closed' : how.code);
      take()?.reject(ended);
    },
  });

  const deadline = createDeadline();

  function take() {
    deadline.clear();
    const taken = waiting;
    waiting = undefined;
    return taken;
  }

  async function get(path: string): Promise<unknown> {
    const { status, body } = await new Promise<HttpAnswer>((resolve, reject) => {
      if (ended !== undefined) return reject(ended);
      waiting = { resolve, reject };
      deadline.set(patience, () => take()?.reject(new Error(`${path} is not answered`)));
      connection.get(path);
    });
    // Gone since it was listed.
    if (status === 404) return undefined;
    if (status !== 200) throw new Error(`${path} was answered with ${status}`);
    try {
      return readAnswerJson(body, isOfInterest);
    } finally {
      release(body);
    }
  }

  async function inspect(id: string): Promise<SeenContainer | UnreadableContainer | undefined> {
    try {
      const answer = await get(`/containers/${encodeURIComponent(id)}/json`);
      return answer === undefined ? undefined : readInspected(id, answer);
    } catch (error) {
      if (error instanceof SyntaxError) return { id, why: 'it is no JSON' };
      throw error;
    }
  }

  return {
    async clock() {
      const time = tableIn(await get('/info'))?.SystemTime;
      const nano = typeof time === 'string' ? nanoOfIso(time) : undefined;
      if (nano === undefined) throw new Error('/info has no time');
      return nano;
    },
    async containers() {
      const containers: SeenContainer[] = [];
      const unreadable: UnreadableContainer[] = [];
      let room: number = limits.seen;
      for (const id of idsIn(await get('/containers/json?all=1'))) {
        const container = typeof id === 'string' ? await inspect(id) : id;
        if (container === undefined) continue;
        if ('why' in container) unreadable.push(container);
        else {
          const kept = room > 0 ? container : withoutLabels(container);
          room -= weightOf(kept.attributes) + 2 * kept.id.length;
          if (room < -2 * limits.seen) throw new Error('there are too many containers');
          containers.push(kept);
        }
      }
      return { containers, unreadable };
    },
    close() {
      connection.close();
      take()?.reject(new Error('it was not waited for'));
    },
  };
}

/** Of so many containers that their labels are no longer kept: hooks that choose by a label miss this one. */
function withoutLabels(container: SeenContainer): SeenContainer {
  const { name = '', image = '' } = container.attributes;
  return { ...container, attributes: { name, image } };
}

/** The most that is kept of a long answer, and of one text in it, in bytes. */
const mostKept = 4 * 1024 * 1024;
const longestText = 4096;

/**
 * Reads an answer of JSON. What is longer than a line of events may be is not parsed whole, which takes up to twenty
 * times its length in memory: only its leaves that are wanted are kept, as far as there is room.
 * @param wanted tells from its path whether a leaf of a long answer is kept
 * @throws SyntaxError for a short answer that is no JSON
 */
function readAnswerJson(body: Buffer, wanted: (path: readonly (string | number)[]) => boolean): unknown {
  if (body.length <= limits.line) return JSON.parse(body.toString('utf8'));
  let root: unknown;
  let room = mostKept;
  const leaf = ({ path, text, isText, isCut }: Leaf) => {
    room -= text.length + 64;
    if (room > 0 && !isCut) root = withLeaf(root, path, isText ? text : wordIn(text));
  };
  new JsonSkimmer({ wanted, leaf, longest: longestText }).push(body);
  return root;
}

/** Puts a leaf at its place in lists and objects that are made for it. */
function withLeaf(root: unknown, [first, ...rest]: readonly (string | number)[], value: unknown): unknown {
  if (first === undefined) return value;
  const holder: { [name: string | number]: unknown } =
    typeof root === 'object' && root !== null ? root : typeof first === 'number' ? [] : Object.create(null);
  holder[first] = withLeaf(holder[first], rest, value);
  return holder;
}

function wordIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
