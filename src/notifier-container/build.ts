import { ByteQueue } from '../system/byte-queue.ts';
import { tableIn } from '../system/json.ts';
import { exitCode, UserError } from '../system/user-error.ts';
import { dockerCommand, engineOptions } from '../watch/endpoint/endpoint.ts';
import { longestBody } from '../watch/engine/http.ts';
import { type AskedEngine, askEngine, complaint } from './api.ts';
import { labels, type NotifierWish, notifierName, usualBase } from './described.ts';
import { type ArchivedFile, tarOf } from './tar.ts';

/** The longest silence of a build, in ms; the engine gives up a silent registry before that. */
const timeout = 300_000;

/**
 * Builds the notifier's image; an engine that has the base image needs no registry for it.
 * @param files the Dockerfile, and the files that it copies
 * @param progress called with each new step of the engine
 * @throws UserError when it cannot be built, with the fix for a missing base image
 */
export async function buildImage(
  engine: AskedEngine,
  { version, base = usualBase }: Pick<NotifierWish, 'version' | 'base'>,
  files: readonly ArchivedFile[],
  progress: (step: string) => void,
): Promise<void> {
  const query = new URLSearchParams({
    t: notifierName,
    buildargs: JSON.stringify({ BASE: base }),
    labels: JSON.stringify({ [labels.version]: version, [labels.base]: base }),
    rm: '1',
    forcerm: '1',
    // Nothing in it needs a network.
    networkmode: 'none',
  });
  const messages = createMessageReader((message) => {
    if (message.status?.startsWith('Pulling from ')) progress(`fetching ${base}`);
  });
  const answer = await askEngine(engine, {
    method: 'POST',
    path: `/build?${query}`,
    body: { type: 'application/x-tar', content: tarOf(files) },
    timeout,
    part: messages.push,
  });
  const error = answer.status === 200 ? messages.error() : complaint(answer);
  const made = messages.made();
  await removeIntermediates(engine, error === undefined ? made.slice(0, -1) : made);
  if (error === undefined) return;
  // The first step names the base, and the second is it; commands of the base (ONBUILD) belong to that.
  const begun = messages.steps() > 2 || messages.hasTriggers();
  throw begun
    ? new UserError(exitCode.failed, `Docker (${engine.name}) cannot build the image: ${error}`)
    : noBase(engine, base, error);
}

function noBase(engine: AskedEngine, base: string, error: string): UserError {
  const docker = dockerCommand(engineOptions(engine));
  return new UserError(
    exitCode.unavailable,
    `Docker (${engine.name}) has no image ${base} to build from, and cannot fetch it: ${error}`,
    `Fetch it when there is a network: ${docker} pull ${base}. Or bring it from elsewhere: docker save ${base} there, ${docker} load here. ` +
      'Or name one that is here already and has a shell and nc: --base IMAGE',
  );
}

/** One line of what an engine says while it builds. */
interface BuildMessage {
  readonly stream?: string;
  readonly status?: string;
  readonly error?: string;
}

/** The image behind a step: the base, one of an earlier build, or one that this build made. */
interface StepImage {
  readonly kind: 'base' | 'cached' | 'made';
}

/** The Dockerfile has fewer. */
const mostSteps = 100;

/** Reads an engine's messages, JSON a line, however they are cut. */
export function createMessageReader(hear: (message: BuildMessage) => void) {
  const received = new ByteQueue('A message of the build');
  let error: string | undefined;
  let steps = 0;
  let step: StepImage = { kind: 'base' };
  let hasTriggers = false;
  const made: string[] = [];
  const follow = (text: string) => {
    const instruction = /^Step \d+\/\d+ : (\w+)/.exec(text)?.[1];
    if (instruction !== undefined) {
      steps += 1;
      step = { kind: /^(ARG|FROM)$/i.test(instruction) ? 'base' : 'made' };
    } else if (/^ ---> Using cache/.test(text)) step = { kind: 'cached' };
    // Those of the base (ONBUILD) belong to its FROM, and make images too.
    else if (/^# Executing \d+ build trigger/.test(text)) {
      hasTriggers = true;
      step = { kind: 'made' };
    }
    const image = /^ ---> ([0-9a-f]{12,64})\s*$/.exec(text)?.[1];
    if (image !== undefined && step.kind === 'made' && made.length < mostSteps) made.push(image);
  };
  return {
    push(bytes: Buffer): void {
      received.push(bytes);
      for (;;) {
        const line = received.takeUntil('\n', longestBody, 'utf8');
        if (line === undefined) break;
        const message = parse(line);
        if (message.stream !== undefined) follow(message.stream);
        error ??= message.error;
        hear(message);
      }
      received.settle();
    },
    /** Why the build failed; undefined when it did not. */
    error: () => error ?? parse(received.peek(received.length)?.toString('utf8') ?? '').error,
    /** The number of steps of the Dockerfile that were begun. */
    steps: () => steps,
    /** True if commands of the base image were begun, so that it exists. */
    hasTriggers: () => hasTriggers,
    /** The beginnings of the ids of images that this build made, oldest first; the last one of a whole build is its result. */
    made: (): readonly string[] => made,
  };
}

function parse(line: string): BuildMessage {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) return {};
    return Object.fromEntries(Object.entries(value).filter(([, said]) => typeof said === 'string'));
  } catch {
    return {};
  }
}

/**
 * Removes the images that a build made on its way and left without a name: engines with containerd's image store list
 * each of them, and every engine those of a build that failed. An image that others build on stays, and so does
 * one that cannot be removed: a build is no failure for that.
 * @param made the beginnings of their ids, oldest first
 */
async function removeIntermediates(engine: AskedEngine, made: readonly string[]): Promise<void> {
  if (made.length === 0) return;
  try {
    const unnamed = await listUnnamed(engine);
    for (const begin of made.toReversed()) {
      const id = unnamed.find((known) => known.startsWith(`sha256:${begin}`));
      // Without `noprune` the engine would remove an unnamed base as well.
      if (id !== undefined) await askEngine(engine, { method: 'DELETE', path: `/images/${id}?noprune=1` });
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
}

async function listUnnamed(engine: AskedEngine): Promise<string[]> {
  const { status, body } = await askEngine(engine, { method: 'GET', path: '/images/json?all=1' });
  if (status !== 200) return [];
  const images = listIn(body);
  return images.flatMap((image) => {
    const { Id: id, RepoTags: tags } = tableIn(image) ?? {};
    return typeof id === 'string' && /^sha256:[0-9a-f]{64}$/.test(id) && isUnnamed(tags) ? [id] : [];
  });
}

function listIn(body: Buffer): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(body.toString());
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

function isUnnamed(tags: unknown): boolean {
  return !Array.isArray(tags) || tags.every((tag) => tag === '<none>:<none>');
}
