import { jsonTypeOf, type Table, tableIn } from '../system/json.ts';
import { nanoOfIso } from '../system/nanoseconds.ts';
import { release } from '../system/release.ts';
import type { Endpoint } from '../watch/endpoint/endpoint.ts';
import { openConnection } from '../watch/engine/connection.ts';
import { createDeadline } from '../watch/engine/deadline.ts';
import type { HttpAnswer } from '../watch/engine/http.ts';
import type { SeenContainer, UnreadableContainer } from './compare.ts';
import { JsonSkimmer, type Leaf } from './json-skimmer.ts';
import { limits, weightOf } from './limits.ts';

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

/** Tells from its path whether a leaf of an answer of `GET /info`, `/containers/json` or `/containers/ID/json` is read. */
function isOfInterest([first, second, third, ...more]: readonly (string | number)[]): boolean {
  if (more.length > 0) return false;
  if (typeof first === 'number') return second === 'Id' && third === undefined;
  if (first === 'Config') return third === undefined ? second === 'Image' : second === 'Labels';
  if (first === 'State') return typeof second === 'string' && third === undefined;
  return second === undefined;
}

/** Reads the ids in an answer to `GET /containers/json`. @throws Error when it is no list, or too long a one */
function idsIn(answer: unknown): (string | UnreadableContainer)[] {
  if (!Array.isArray(answer)) throw new Error(`the list of containers is ${jsonTypeOf(answer)}`);
  const list: readonly unknown[] = answer;
  if (list.length > limits.containers) throw new Error(`there are ${list.length} containers`);
  // Not `map`, which leaves out what a list has no entry for.
  return Array.from(list, (entry) => {
    const id = tableIn(entry)?.Id;
    return isName(id) && id !== '' && id.length <= limits.containerId
      ? id
      : { id: undefined, why: `Id is ${found(id)}` };
  });
}

/** Reads an answer to `GET /containers/ID/json`: as much of it as is of interest, each member checked. */
function readInspected(id: string, answer: unknown): SeenContainer | UnreadableContainer {
  const container = tableIn(answer) ?? {};
  const config = tableIn(container.Config) ?? {};
  const state = tableIn(container.State) ?? {};
  const { Running: runs, Restarting: restarts = false, StartedAt: started, FinishedAt: finished } = state;
  const { ExitCode: exitCode = 0 } = state;
  const { Name: name } = container;
  const { Image: image, Labels: labels = null } = config;
  const bad = (member: string, value: unknown) => ({ id, why: `${member} is ${found(value)}` });
  if (container.Id !== id) return bad('Id', container.Id);
  if (!isName(name)) return bad('Name', name);
  if (!isName(image)) return bad('Config.Image', image);
  if (labels !== null && tableIn(labels) === undefined) return bad('Config.Labels', labels);
  if (typeof runs !== 'boolean') return bad('State.Running', runs);
  if (typeof restarts !== 'boolean') return bad('State.Restarting', restarts);
  if (typeof started !== 'string') return bad('State.StartedAt', started);
  if (typeof finished !== 'string') return bad('State.FinishedAt', finished);
  if (!Number.isInteger(exitCode)) return bad('State.ExitCode', exitCode);
  // One that waits to be restarted says of itself that it runs.
  const isRunning = runs && !restarts;
  return {
    id,
    isRunning,
    started: nanoOfIso(started),
    finished: isRunning ? undefined : nanoOfIso(finished),
    exitCode: isRunning ? undefined : Number(exitCode),
    attributes: attributesOf(tableIn(labels) ?? {}, image, name.replace(/^\//, '')),
  };
}

/** Labels that are texts, with `image` and `name`; too many of them are left out together. */
function attributesOf(labels: Table, image: string, name: string): Readonly<Record<string, string>> {
  const texts = Object.entries(labels).filter(
    (label): label is [string, string] => typeof label[1] === 'string',
  );
  const length = texts.reduce((sum, [label, value]) => sum + label.length + value.length, 0);
  return { ...(length > limits.line ? {} : Object.fromEntries(texts)), image, name };
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= limits.name;
}

function found(value: unknown): string {
  if (typeof value === 'string') {
    if (value === '') return 'empty';
    return value.length > limits.containerId ? 'too long' : 'another than was asked for';
  }
  return jsonTypeOf(value);
}
