import { jsonTypeOf, type Table, tableIn } from '../system/json.ts';
import { nanoOfIso } from '../system/nanoseconds.ts';
import { release } from '../system/release.ts';
import type { Endpoint } from '../watch/endpoint/endpoint.ts';
import { Connection } from '../watch/engine/connection.ts';
import { Deadline } from '../watch/engine/deadline.ts';
import type { HttpAnswer } from '../watch/engine/http.ts';
import type { EngineKind } from '../watch/lifecycle/observation.ts';
import type { SeenContainer, UnreadableContainer } from './compare.ts';
import { JsonSkimmer, type Leaf } from './json-skimmer.ts';
import { limits, weightOf } from './limits.ts';

interface Inventory {
  readonly containers: readonly SeenContainer[];
  /** Containers whose description cannot be read: they may run, or be gone. */
  readonly unreadable: readonly UnreadableContainer[];
}

/** The time that an engine has for one answer, in ms. */
const answerTimeout = 60_000;

/** Asks an engine questions, one after the other, on a connection of its own. */
export class EngineQuery {
  readonly #timeout: number;
  readonly #isLocal: boolean;
  readonly #connection: Connection;
  readonly #deadline = new Deadline();
  #waiting: { resolve: (answer: HttpAnswer) => void; reject: (error: Error) => void } | undefined;
  #ended: Error | undefined;

  constructor(endpoint: Endpoint, timeout = answerTimeout) {
    this.#timeout = timeout;
    this.#isLocal = endpoint.kind === 'unix';
    this.#connection = new Connection(endpoint, {
      answered: (answer) => this.#take()?.resolve(answer),
      ended: (how) => {
        this.#ended = new Error(how.kind === 'closed' ? 'the connection was closed' : how.code);
        this.#take()?.reject(this.#ended);
      },
    });
  }

  /** Returns the engine's clock, in nanoseconds. @throws Error if it has none */
  async clock(kind: EngineKind = 'docker'): Promise<string> {
    if (kind === 'podman') return this.#clockOfPing();
    const time = tableIn(await this.#get('/info'))?.SystemTime;
    const nano = typeof time === 'string' ? nanoOfIso(time) : undefined;
    if (nano === undefined) throw new Error('/info has no time');
    return nano;
  }

  /**
   * Podman 5.8.6 takes 0.6 to 2.7 s for `/info` and 15 ms for `_ping`, whose `Date` has whole seconds. Behind a socket of
   * this machine whose `Date` fits, this machine's clock is the engine's, to the millisecond and from before the request.
   */
  async #clockOfPing(): Promise<string> {
    const asked = Date.now();
    const { date = '' } = await this.#request('/_ping');
    const second = Date.parse(date);
    if (!(second > 0)) throw new Error('/_ping has no time');
    const isOwn = this.#isLocal && asked < second + 1000 && second <= Date.now();
    return `${isOwn ? asked : second}000000`;
  }

  /**
   * Returns all containers, also those that have ended.
   * @throws Error if an answer does not come in time, or is no list
   */
  async containers(): Promise<Inventory> {
    const containers: SeenContainer[] = [];
    const unreadable: UnreadableContainer[] = [];
    let room: number = limits.seen;
    for (const id of idsIn(await this.#get('/containers/json?all=1'))) {
      const container = typeof id === 'string' ? await this.#inspect(id) : id;
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
  }

  /** Closes the connection at once. A pending question is rejected. */
  close(): void {
    this.#connection.close();
    this.#take()?.reject(new Error('it was not waited for'));
  }

  async #inspect(id: string): Promise<SeenContainer | UnreadableContainer | undefined> {
    try {
      const answer = await this.#get(`/containers/${encodeURIComponent(id)}/json`);
      return answer === undefined ? undefined : readInspected(id, answer);
    } catch (error) {
      if (error instanceof SyntaxError) return { id, why: 'it is no JSON' };
      throw error;
    }
  }

  #request(path: string): Promise<HttpAnswer> {
    return new Promise<HttpAnswer>((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      this.#waiting = { resolve, reject };
      const timedOut = () => this.#take()?.reject(new Error(`${path} is not answered`));
      this.#deadline.set(this.#timeout, timedOut);
      this.#connection.get(path);
    });
  }

  async #get(path: string): Promise<unknown> {
    const { status, body } = await this.#request(path);
    // The container has been removed since it was listed.
    if (status === 404) return undefined;
    if (status !== 200) throw new Error(`${path} was answered with ${status}`);
    try {
      return readAnswerJson(body, isWanted);
    } finally {
      release(body);
    }
  }

  #take() {
    this.#deadline.clear();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }
}

/** Drops the labels of a container that does not fit: hooks that filter by a label miss it. */
function withoutLabels(container: SeenContainer): SeenContainer {
  const { name = '', image = '' } = container.attributes;
  return { ...container, attributes: { name, image } };
}

/** The bytes that are kept of a long answer. */
const mostKept = 4 * 1024 * 1024;
/** The bytes that are kept of one text in it. */
const longestText = 4096;

/**
 * Parses an answer. To parse a long one whole would take up to twenty times its length in memory, so only its wanted leaves
 * are kept, as far as there is room.
 * @param wanted returns from its path whether a leaf of a long answer is kept
 * @throws SyntaxError if a short answer is no JSON
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

/** Puts a leaf at its place, in new lists and objects where there are none. */
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

/** Returns whether a leaf of `GET /info`, `/containers/json` or `/containers/ID/json` is read, by its path. */
function isWanted([first, second, third, ...more]: readonly (string | number)[]): boolean {
  if (more.length > 0) return false;
  if (typeof first === 'number') return second === 'Id' && third === undefined;
  if (first === 'Config') return third === undefined ? second === 'Image' : second === 'Labels';
  if (first === 'State') return typeof second === 'string' && third === undefined;
  return second === undefined;
}

/** Reads the ids in `GET /containers/json`. @throws Error if it is no list, or too long */
function idsIn(answer: unknown): (string | UnreadableContainer)[] {
  if (!Array.isArray(answer)) throw new Error(`the list of containers is ${jsonTypeOf(answer)}`);
  const list: readonly unknown[] = answer;
  if (list.length > limits.containers) throw new Error(`there are ${list.length} containers`);
  // Unlike `map`, this also visits the holes of a sparse list.
  return Array.from(list, (entry) => {
    const id = tableIn(entry)?.Id;
    return isName(id) && id !== '' && id.length <= limits.containerId
      ? id
      : { id: undefined, why: `Id is ${found(id)}` };
  });
}

/** Reads `GET /containers/ID/json`, with a check of each member that is needed. */
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
  // A container that waits for its restart is `Running` too.
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

/** Returns the labels that are texts, `image` and `name`. If there are too many labels, all are left out. */
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
