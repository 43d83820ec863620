import { existsSync } from 'node:fs';
import { type ControlClient, createControlClient, NotRunning } from '../control/client.ts';
import { layOut } from '../service/layout.ts';
import { manifestPath } from '../service/manifest.ts';
import { packagedPrefix } from '../service/packaged.ts';
import { exitCode, Failure } from '../system/failure.ts';
import type { GivenSettings } from './given-settings.ts';
import { loadForAsking } from './load.ts';
import { calledAs } from './plugin/call.ts';

/** The listener that these settings lead to. */
export interface Listener {
  readonly client: ControlClient;
  /** Its control socket. */
  readonly path: string;
}

/**
 * Which listener is meant, whether it runs or not.
 * @throws Failure when there is none to be reached
 */
export function theListener(given: GivenSettings): Listener {
  const path = loadForAsking(given).settings.control;
  if (path === undefined) {
    throw new Failure(
      exitCode.usage,
      'There is no control socket by these settings',
      'Give --control PATH, and to the listener as well',
    );
  }
  return { client: createControlClient(path), path };
}

/** What asking came to, or undefined when no listener runs. */
export async function ifRunning<Answer>(asking: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await asking;
  } catch (error) {
    if (error instanceof NotRunning) return undefined;
    throw error;
  }
}

/**
 * For what only a running listener can do.
 * @throws Failure with exit code 69 when none runs
 */
export async function running<Answer>(asking: Promise<Answer>): Promise<Answer> {
  try {
    return await asking;
  } catch (error) {
    if (!(error instanceof NotRunning)) throw error;
    throw new Failure(exitCode.unavailable, error.message, howToStart());
  }
}

/** Sentences, the last with the command that starts a listener, or that tells why the service does not run. */
export function howToStart(): string {
  const isRoot = process.geteuid?.() === 0;
  const sudo = isRoot ? '' : 'sudo ';
  // A second one beside the service would be no cure.
  const installed = [manifestPath(process.platform), layOut(packagedPrefix, '').current];
  if (installed.some((path) => existsSync(path))) {
    return `It is installed as a service. What is wrong with that: ${sudo}${calledAs()} doctor`;
  }
  const other = isRoot ? '' : 'One that root runs is asked with sudo. ';
  return `${other}Start it: ${sudo}docker-lifecycle-listener /etc/docker-lifecycle-listener.d`;
}
