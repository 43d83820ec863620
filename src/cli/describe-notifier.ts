import { setTimeout as sleep } from 'node:timers/promises';
import { isRootless } from '../notifier-container/api.ts';
import { notifierName, rootlessReason } from '../notifier-container/described.ts';
import { type FoundNotifier, findNotifier } from '../notifier-container/found.ts';
import type { NotifierWork } from '../notifier-container/install.ts';
import { lastLines } from '../notifier-container/logs.ts';
import { pingListener, type RoundTrip } from '../notifier-container/ping.ts';
import { quote } from '../system/shell-quote.ts';
import { version } from '../version.ts';
import { dockerCommand, engineOptions } from '../watch/endpoint/endpoint.ts';
import type { EngineSettings } from '../watch/settings.ts';

/** Describes the work of `notifier install`. */
export function describeWork(work: NotifierWork, { name }: EngineSettings): string {
  switch (work) {
    case 'nothing':
      return `The notifier in Docker (${name}) is as it should be`;
    case 'start':
      return `The notifier in Docker (${name}) is started again`;
    case 'create':
      return `The notifier is in Docker (${name}), and comes back with it`;
    case 'replace':
      return `The notifier in Docker (${name}) is replaced by that of version ${version}`;
    default:
      return work satisfies never;
  }
}

/** The notifier's container as a few lines. */
export function describeNotifier(health: NotifierHealth, { name, endpoint }: EngineSettings): string {
  // An engine that is named by its endpoint has that for a name.
  const which = name === endpoint.url ? name : `${name}, ${endpoint.url}`;
  switch (health.kind) {
    case 'missing':
      return `There is no notifier in Docker (${which})\n`;
    case 'needless':
      return `There is no notifier in Docker (${which}), and none is needed: ${rootlessReason}\n`;
    case 'foreign':
      return `The container ${notifierName} is none of ours: it runs the image ${health.image}\n`;
    case 'present': {
      const rows = [
        ['container', `${notifierName}, ${health.state}`],
        ['engine', which],
        ['version', health.version ?? 'unknown: built by hand'],
        ['tells', `${health.host}, port ${health.port}`],
        ['listener', health.trip === undefined ? 'not asked' : describeTrip(health.trip)],
        ...(health.output ?? []).map((line, index) => [index === 0 ? 'printed' : '', line]),
      ];
      return rows.map(([what = '', how = '']) => `  ${what.padEnd(11)}${how}\n`).join('');
    }
    default:
      return health satisfies never;
  }
}

/** Describes the listener's answer to the container. */
export function describeTrip(trip: RoundTrip): string {
  switch (trip.kind) {
    case 'answered':
      return 'answers';
    case 'no-name':
      return 'its name is not known in the container';
    case 'nobody':
      return 'no listener answers there';
    case 'silence':
      return 'no reply at all';
    case 'not-asked':
      return `could not be asked: ${trip.why}`;
    default:
      return trip satisfies never;
  }
}

/** The fix for a notifier that does not deliver; undefined where none is needed. */
export function adviseOnNotifier(health: NotifierHealth, engine: EngineSettings): string | undefined {
  const options = engineOptions(engine);
  const docker = dockerCommand(options);
  const install = ['Run: docker-lifecycle-listener notifier install', ...options.map(quote)].join(' ');
  const removal = ['Run: docker-lifecycle-listener notifier remove', ...options.map(quote)].join(' ');
  switch (health.kind) {
    case 'missing':
      return install;
    case 'needless':
      return undefined;
    case 'foreign':
      return `Look at it: ${docker} inspect ${notifierName}. Then give it another name, or remove it`;
    case 'present':
      // Before the rest: install refuses a rootless engine.
      if (health.isRootless === true) return `${rootlessReason}. ${removal}`;
      if (health.version !== version || !health.running) return install;
      return adviseOnTrip(health.trip, health.port, install, docker);
    default:
      return health satisfies never;
  }
}

function adviseOnTrip(
  trip: RoundTrip | undefined,
  port: number,
  install: string,
  docker: string,
): string | undefined {
  switch (trip?.kind) {
    case undefined:
    case 'answered':
      return undefined;
    case 'no-name':
      return `${install} again: the container lacks its --add-host`;
    case 'nobody':
      return (
        `The listener has to run, with port ${port}, and to listen on the address that containers know the host by, ` +
        'docker0’s by default: docker-lifecycle-listener status; with --listen ADDRESS for another. ' +
        `The service opens the port as root: sudo docker-lifecycle-listener notifier install`
      );
    case 'silence':
      return `A firewall drops what containers send: let TCP port ${port} in from docker0`;
    case 'not-asked':
      return lookAtLogs(docker);
    default:
      return trip satisfies never;
  }
}

/** The fix behind an install whose container does not deliver: to install once more would change nothing. */
export function adviseAfterInstall(health: NotifierHealth, engine: EngineSettings): string {
  if (health.kind === 'present' && !health.running) return lookAtLogs(dockerCommand(engineOptions(engine)));
  return adviseOnNotifier(health, engine) ?? 'See: docker-lifecycle-listener status';
}

function lookAtLogs(docker: string): string {
  return `See: ${docker} logs ${notifierName}. Its image needs a shell and nc: notifier install --base IMAGE builds it from another`;
}

type Present = Extract<FoundNotifier, { readonly kind: 'present' }>;

/**
 * The notifier's container, and whether the listener answers it; undefined where it could not ask. `output` has the last
 * lines that its shell printed, and `isRootless` whether the engine is, where they explain why the notifier does not deliver.
 */
export type NotifierHealth =
  | Exclude<FoundNotifier, Present>
  /** There is none, and in a rootless engine it would be of no use. */
  | { readonly kind: 'needless' }
  | (Present & {
      readonly trip: RoundTrip | undefined;
      readonly output?: readonly string[];
      readonly isRootless?: boolean;
    });

/** The number of questions to a listener that may have just started, and the wait in between, in ms. */
const tries = 5;
const pause = 1000;

/** Looks for the container, and has it ask the listener whether it is there. Starts nothing, and reports no start. */
export async function examineNotifier(engine: EngineSettings): Promise<NotifierHealth> {
  const found = await findNotifier(engine);
  if (found.kind === 'missing') return (await isRootless(engine)) ? { kind: 'needless' } : found;
  if (found.kind === 'foreign') return found;
  if (!found.running) {
    const output = await lastLines(engine, found.id);
    return { ...found, trip: undefined, output, isRootless: await isRootless(engine) };
  }
  // One of another version may not know the question.
  if (found.version !== version) return { ...found, trip: undefined, isRootless: await isRootless(engine) };
  const { trip, output } = await pingListener(engine, found);
  if (trip.kind === 'answered') return { ...found, trip };
  // A container that ends at once and is started again takes no question.
  const printed = output.length > 0 ? output : await lastLines(engine, found.id);
  return { ...found, trip, output: printed, isRootless: await isRootless(engine) };
}

/** The same behind an install, which may have started the listener as well: a listener that is not there yet is asked again. */
export async function examineInstalled(
  engine: EngineSettings,
  askAgain: () => Promise<void>,
): Promise<NotifierHealth> {
  let health = await examineNotifier(engine);
  for (let tried = 1; tried < tries && isUnanswered(health); tried++) {
    await sleep(pause);
    await askAgain();
    health = await examineNotifier(engine);
  }
  return health;
}

function isUnanswered(health: NotifierHealth): boolean {
  return health.kind === 'present' && health.trip?.kind === 'nobody';
}

/** Returns true if its messages arrive. */
export function isDelivering(health: NotifierHealth): boolean {
  return health.kind === 'present' && health.trip?.kind === 'answered';
}
