import { resolve } from 'node:path';
import { forgetHost, type SetupStep, setUp, usualPartitions } from '../fleet/admin.ts';
import { Broker } from '../fleet/broker.ts';
import { waysTo } from '../fleet/connection.ts';
import { FleetFailure } from '../fleet/failure.ts';
import { hostKey, serverStanza } from '../fleet/key.ts';
import type { FleetProblem } from '../fleet/report.ts';
import type { FleetSettings } from '../listener/config/settings.ts';
import { describeFleetProblem } from '../listener/words/fleet.ts';
import { type ExitCode, exitCode, UserError } from '../system/user-error.ts';
import { plural } from '../system/words.ts';
import type { ListenerRequest } from './listener-request.ts';
import { loadForClient } from './load.ts';
import { print, remark } from './print.ts';

/**
 * Makes the stream and the buckets of a fleet, or says what it would make.
 * @returns the exit code
 */
export async function setUpFleet(request: ListenerRequest & { readonly dry: boolean }): Promise<ExitCode> {
  const { dry, json } = request;
  return withBroker(request, async (broker) => {
    const { steps, partitions } = await setUp(broker, dry);
    if (json) {
      print(`${JSON.stringify({ version: 1, partitions, steps })}\n`);
      return exitCode.done;
    }
    for (const step of steps) print(describeStep(step, dry));
    print(`${partitions} partitions\n`);
    remark(
      'An answer of JetStream is no promise of the disk: by default the server syncs it every two minutes.\n' +
        'From nats-server 2.10 on, put into its configuration: jetstream { sync_interval: always }; or use three replicas.\n',
    );
    return exitCode.done;
  });
}

function describeStep({ name, done, fields, kept }: SetupStep, dry: boolean): string {
  const more = kept.length === 0 ? '' : `; kept as they are: ${kept.join(', ')}`;
  switch (done) {
    case 'made':
      return `${name}: ${dry ? 'would be made' : 'made'}\n`;
    case 'changed':
      return `${name}: ${dry ? 'would change' : 'changed'} ${fields.join(', ')}${more}\n`;
    case 'as-wanted':
      return `${name}: as it should be${more}\n`;
    default:
      return done satisfies never;
  }
}

/**
 * Makes a host's key in `HOST.nk` here, unless it is there, and prints its user for the server's configuration.
 * @returns the exit code
 */
export async function makeHostKey(request: ListenerRequest & { readonly host: string }): Promise<ExitCode> {
  const { host } = request;
  const partitions = await partitionsOr16(request);
  const path = resolve(`${host}.nk`);
  const { publicKey, isNew } = hostKey(path);
  print(serverStanza(host, publicKey, partitions));
  remark(
    `${isNew ? 'Made' : 'Read'} ${path}, the secret half of the key.\n` +
      `1. Put what is above into authorization { users: [ … ] } of nats-server, and: systemctl reload nats-server\n` +
      `2. Copy the file to ${host} for root's eyes alone, as /etc/docker-lifecycle-listener.nk\n` +
      `3. There, in the settings: [fleet] seed_file = "/etc/docker-lifecycle-listener.nk"\n`,
  );
  return exitCode.done;
}

async function partitionsOr16(request: ListenerRequest): Promise<number> {
  const settings = loadForClient(request).settings.fleet;
  if (settings === undefined) return usualPartitions;
  try {
    return await connected(settings, (broker) => broker.partitions());
  } catch (error) {
    if (!(error instanceof FleetFailure)) throw error;
    const { found } = describeFleetProblem(error.problem);
    remark(`Assuming ${usualPartitions} partitions: ${found}\n`);
    return usualPartitions;
  }
}

/**
 * Removes all that the fleet has of a host.
 * @returns the exit code
 */
export async function forgetFleetHost(
  request: ListenerRequest & { readonly host: string },
): Promise<ExitCode> {
  const { host, json } = request;
  return withBroker(request, async (broker) => {
    const removed = await forgetHost(broker, host);
    if (json) print(`${JSON.stringify({ version: 1, host, removed })}\n`);
    else if (removed === 0) print(`The fleet has nothing of ${host}\n`);
    else print(`Removed ${plural(removed, 'message')} of ${host}\n`);
    return exitCode.done;
  });
}

/**
 * Connects to the fleet of the settings, and closes the connection behind the work.
 * @throws UserError with exit code 78 where no fleet is set, 77 where the server admits or permits too little, else 69
 */
export async function withBroker<Result>(
  request: ListenerRequest,
  work: (broker: Broker, settings: FleetSettings) => Promise<Result>,
): Promise<Result> {
  const settings = loadForClient(request).settings.fleet;
  if (settings === undefined) {
    throw new UserError(
      exitCode.badConfiguration,
      'These settings name no fleet',
      'Add to the settings file: [fleet] servers = ["tls://HOST:4222"]; or give another file with --config',
    );
  }
  try {
    return await connected(settings, (broker) => work(broker, settings));
  } catch (error) {
    if (!(error instanceof FleetFailure)) throw error;
    const { found, fix } = describeFleetProblem(error.problem);
    const sentence = `${found.charAt(0).toUpperCase()}${found.slice(1)}`;
    throw new UserError(codeOf(error.problem), sentence, fix);
  }
}

async function connected<Result>(
  settings: FleetSettings,
  work: (broker: Broker) => Promise<Result>,
): Promise<Result> {
  const broker = await connectAnyWay(settings);
  try {
    return await work(broker);
  } finally {
    await broker.close();
  }
}

/** Tries all ways; where none leads there, the failure of the first one is thrown. */
async function connectAnyWay(settings: FleetSettings): Promise<Broker> {
  let first: unknown;
  for (const way of waysTo(settings)) {
    try {
      return await Broker.connect(settings, settings.name, way);
    } catch (error) {
      first ??= error;
      const goesOn =
        error instanceof FleetFailure && ['silent', 'not-nats', 'unreachable'].includes(error.problem.kind);
      if (!goesOn) break;
    }
  }
  throw first;
}

function codeOf({ kind }: FleetProblem): ExitCode {
  if (kind === 'not-admitted' || kind === 'not-permitted' || kind === 'file-refused')
    return exitCode.notPermitted;
  return kind === 'not-set-up' || kind === 'newer' ? exitCode.failed : exitCode.unavailable;
}
