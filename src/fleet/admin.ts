import { isDeepStrictEqual } from 'node:util';
import type { Broker } from './broker.ts';
import { FleetFailure } from './failure.ts';
import {
  allMessages,
  hostSubject,
  hostsBucket,
  keySubject,
  setupBucket,
  setupFormat,
  setupKey,
  streamName,
} from './names.ts';

type Config = Readonly<Record<string, unknown>>;

/** A stream as a fleet needs it. */
interface WantedStream {
  /** Always as they are here. */
  readonly fixed: Config & { readonly name: string };
  /** Values of a new stream; an operator may change them. */
  readonly initial: Config;
}

/** The result of `setup` for one thing; `kept`: an operator changed it, and it stays. */
export interface SetupStep {
  readonly name: string;
  readonly done: 'made' | 'changed' | 'as-wanted';
  /** Fields that differed. */
  readonly fields: readonly string[];
  readonly kept: readonly string[];
}

const day = 24 * 3600 * 1_000_000_000;
const gibibyte = 2 ** 30;
export const usualPartitions = 16;

const streams: readonly WantedStream[] = [
  {
    fixed: {
      name: streamName,
      subjects: [allMessages],
      retention: 'limits',
      storage: 'file',
      discard: 'old',
      allow_direct: true,
      duplicate_window: 120 * 1_000_000_000,
    },
    initial: {
      description: 'Starts and stops of Docker, and runs of hooks, of all hosts',
      max_age: 30 * day,
      max_bytes: gibibyte,
      max_msgs_per_subject: 100_000,
      num_replicas: 1,
    },
  },
  bucket(hostsBucket, 'The state of each host'),
  bucket(setupBucket, 'How the fleet was set up'),
];

function bucket(name: string, description: string): WantedStream {
  return {
    fixed: {
      name: `KV_${name}`,
      subjects: [`$KV.${name}.>`],
      retention: 'limits',
      storage: 'file',
      discard: 'new',
      max_msgs_per_subject: 1,
      allow_rollup_hdrs: true,
      deny_delete: true,
      allow_direct: true,
    },
    initial: { description, max_bytes: gibibyte / 16, num_replicas: 1 },
  };
}

/**
 * Makes the stream and the buckets of a fleet, or changes what differs, and reads back what the server made of it: servers
 * before 2.11 drop fields that they do not know without a word.
 * @param dry reports the steps and takes none
 * @throws FleetFailure
 */
export async function setUp(
  broker: Broker,
  dry: boolean,
): Promise<{ readonly steps: readonly SetupStep[]; readonly partitions: number }> {
  const steps: SetupStep[] = [];
  for (const wanted of streams) steps.push(await setUpStream(broker, wanted, dry));
  const found = steps.every(({ done }) => done !== 'made') ? await partitionsIn(broker) : undefined;
  if (found === undefined && !dry) {
    const value = JSON.stringify({ format: setupFormat, partitions: usualPartitions });
    const answer = await broker.askObject(keySubject(setupBucket, setupKey), value);
    if (errorIn(answer) !== undefined) throw failed(setupBucket, answer);
    if ((await broker.partitions()) !== usualPartitions) throw notAsWritten(setupBucket, ['partitions']);
  }
  return { steps, partitions: found ?? usualPartitions };
}

async function partitionsIn(broker: Broker): Promise<number | undefined> {
  try {
    return await broker.partitions();
  } catch (error) {
    if (error instanceof FleetFailure && error.problem.kind === 'not-set-up') return undefined;
    throw error;
  }
}

async function setUpStream(
  broker: Broker,
  { fixed, initial }: WantedStream,
  dry: boolean,
): Promise<SetupStep> {
  const { name } = fixed;
  const found = await configOf(broker, name);
  if (found === undefined) {
    const wanted = { ...fixed, ...initial };
    if (!dry) await write(broker, 'CREATE', name, wanted, Object.keys(wanted));
    return { name, done: 'made', fields: Object.keys(wanted), kept: [] };
  }
  const fields = differing(fixed, found);
  const kept = differing(initial, found).filter((field) => field !== 'description');
  if (fields.length === 0) return { name, done: 'as-wanted', fields, kept };
  if (!dry) await write(broker, 'UPDATE', name, { ...found, ...fixed }, Object.keys(fixed));
  return { name, done: 'changed', fields, kept };
}

async function write(
  broker: Broker,
  how: 'CREATE' | 'UPDATE',
  name: string,
  config: Config,
  fields: readonly string[],
): Promise<void> {
  const answer = await broker.askObject(`$JS.API.STREAM.${how}.${name}`, JSON.stringify(config));
  if (errorIn(answer) !== undefined) throw failed(name, answer);
  const made = await configOf(broker, name);
  const wrong = differing(Object.fromEntries(fields.map((field) => [field, config[field]])), made ?? {});
  if (wrong.length > 0) throw notAsWritten(name, wrong);
}

async function configOf(broker: Broker, name: string): Promise<Config | undefined> {
  const answer = await broker.askObject(`$JS.API.STREAM.INFO.${name}`, '');
  const error = errorIn(answer);
  if (error?.code === 404) return undefined;
  if (error !== undefined) throw failed(name, answer);
  return (answer as { readonly config: Config }).config;
}

function differing(wanted: Config, found: Config): string[] {
  return Object.keys(wanted).filter((field) => !isDeepStrictEqual(wanted[field], found[field]));
}

interface ApiError {
  readonly code?: number;
  readonly description?: string;
}

function errorIn(answer: object): ApiError | undefined {
  return (answer as { readonly error?: ApiError }).error;
}

function failed(name: string, answer: object): FleetFailure {
  const { description = 'no reason' } = errorIn(answer) ?? {};
  return new FleetFailure({ kind: 'failed', said: `The server refuses ${name}: ${description}` });
}

function notAsWritten(name: string, fields: readonly string[]): FleetFailure {
  const said = `The server made ${name} without what was asked for: ${fields.join(', ')}`;
  return new FleetFailure({ kind: 'failed', said });
}

/**
 * Removes all messages and the key of a host.
 * @returns the number of messages that were removed
 * @throws FleetFailure
 */
export async function forgetHost(broker: Broker, host: string): Promise<number> {
  const partitions = await broker.partitions();
  const messages = await purge(broker, streamName, `${hostSubject(host, partitions)}.>`);
  return messages + (await purge(broker, `KV_${hostsBucket}`, keySubject(hostsBucket, host)));
}

async function purge(broker: Broker, stream: string, filter: string): Promise<number> {
  const answer = await broker.askObject(`$JS.API.STREAM.PURGE.${stream}`, JSON.stringify({ filter }));
  if (errorIn(answer) !== undefined) throw failed(stream, answer);
  return (answer as { readonly purged?: number }).purged ?? 0;
}
