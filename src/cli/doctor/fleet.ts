import type { FleetStatus } from '../../fleet/report.ts';
import type { Settings } from '../../listener/config/settings.ts';
import { createControlClient } from '../../listener/control/client.ts';
import { UserError } from '../../system/user-error.ts';
import { plural, seconds } from '../../system/words.ts';
import { type Finding, note, ok, wrong } from './finding.ts';

/** The difference of clocks from which on times of several hosts are misleading, in ms. */
const mostSkew = 2000;

/** Asks the running listener whether it publishes to its fleet. */
export async function checkFleet({ fleet, control }: Settings): Promise<Finding[]> {
  if (fleet === undefined) return [];
  const state = control === undefined ? undefined : await fleetOf(control);
  if (state === undefined)
    return [note('fleet', `only a running listener publishes as ${fleet.name}`, 'Start it, and look again')];
  const { name, server, behind, clockSkewMs, problem } = state;
  if (problem !== null) return [wrong('fleet', problem.text, problem.fix)];
  if (server === null) return [note('fleet', `connecting as ${name}`, 'Look again in a moment')];
  const found = `publishes as ${name} to ${server}, ${behind ? `${plural(behind, 'record')} behind` : 'all of it'}`;
  if (clockSkewMs === null || Math.abs(clockSkewMs) < mostSkew) return [ok('fleet', found)];
  return [
    ok('fleet', found),
    wrong(
      'fleet clock',
      `the broker's clock is ${seconds(Math.abs(clockSkewMs))} ${clockSkewMs > 0 ? 'ahead of' : 'behind'} this one`,
      'Set both by NTP: timedatectl set-ntp true',
    ),
  ];
}

/** Returns undefined where no listener answers, or one without a fleet. */
async function fleetOf(control: string): Promise<FleetStatus | undefined> {
  try {
    const { fleet } = (await createControlClient(control).get('/v1/status')) as { fleet?: FleetStatus };
    return fleet;
  } catch (error) {
    if (error instanceof UserError || (error instanceof Error && error.name === 'NotRunning'))
      return undefined;
    throw error;
  }
}
