import { jsonTypeOf, type Table, tableIn } from '../system/json.ts';
import { nanoOfIso } from '../system/nanoseconds.ts';
import { limits } from './limits.ts';
import type { SeenContainer } from './seen-container.ts';

/** A container whose description cannot be read, and the member of it that is at fault. */
export interface UnreadableContainer {
  /** Undefined where the engine does not name it. */
  readonly id: string | undefined;
  readonly why: string;
}

/** Tells from its path whether a leaf of an answer of `GET /info`, `/containers/json` or `/containers/ID/json` is read. */
export function isOfInterest([first, second, third, ...more]: readonly (string | number)[]): boolean {
  if (more.length > 0) return false;
  if (typeof first === 'number') return second === 'Id' && third === undefined;
  if (first === 'Config') return third === undefined ? second === 'Image' : second === 'Labels';
  if (first === 'State') return typeof second === 'string' && third === undefined;
  return second === undefined;
}

/** Reads the ids in an answer to `GET /containers/json`. @throws Error when it is no list, or too long a one */
export function idsIn(answer: unknown): (string | UnreadableContainer)[] {
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
export function readInspected(id: string, answer: unknown): SeenContainer | UnreadableContainer {
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
