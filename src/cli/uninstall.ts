import { join } from 'node:path';
import { companionUnit, productName, serviceUnit } from '../service/layout.ts';
import { findSupervisor, type Machine, thisMachine } from '../service/machine.ts';
import type { Manifest } from '../service/manifest.ts';
import { planUninstall } from '../service/plan-uninstall.ts';
import { logFor } from '../service/supervise.ts';
import { ownUnitFolder } from '../service/systemd.ts';
import { type ExitCode, exitCode, UserError } from '../system/user-error.ts';
import { carryOut, findScope, requireRoot } from './carry-out.ts';
import { presenceOf } from './engine-presence.ts';
import { readManifest, refusePackaged } from './install.ts';
import { logFiles } from './log-file.ts';
import { loadForService, settingsFileOf } from './service-settings.ts';

export interface UninstallRequest {
  readonly dryRun: boolean;
  readonly yes: boolean;
  /** Shows each step and its reason, and no summary. */
  readonly verbose: boolean;
  readonly user: boolean;
  readonly purge: boolean;
}

/**
 * Takes away what install wrote. Where nothing is installed there is nothing to do, and that is fine.
 * @throws UserError with exit code 77 for who is not root
 */
export async function uninstall({ dryRun, yes, verbose, user, purge }: UninstallRequest): Promise<ExitCode> {
  const scope = findScope(user);
  if (!dryRun && scope.kind === 'system') requireRoot('uninstall');
  const machine = thisMachine(scope);
  const manifest = readManifest(machine.platform, scope);
  if (manifest === undefined) {
    if (scope.kind === 'system') refusePackaged(machine, manifest, 'uninstall');
    process.stdout.write('Nothing is installed: nothing to do.\n');
    return exitCode.done;
  }
  const supervisor = findSupervisor(machine.platform);
  const log = logFor(supervisor, scope);
  const units = [serviceUnit, companionUnit];
  const leavings = {
    settings: settingsFileOf(scope),
    dropIns: units.map((unit) => join(ownUnitFolder(scope), `${unit}.d`)),
    dockerIsUp: manifest.notifier !== undefined && (await isDockerUp(manifest, machine)),
    logs: log === undefined ? [] : logFiles(log),
  };
  const plan = planUninstall(manifest, machine, supervisor, leavings, purge);
  process.stdout.write(`Removing ${productName} ${manifest.program}:\n\n`);
  if (await carryOut(plan, { dryRun, yes, verbose })) {
    const left =
      plan.kept.length > 0 && !purge
        ? ' What was kept is yours to remove; uninstall --purge would have.'
        : '';
    process.stdout.write(`\n${productName} is gone.${left}\n`);
    return exitCode.done;
  }
  if (dryRun) return exitCode.done;
  process.stdout.write('Nothing was done.\n');
  return exitCode.failed;
}

async function isDockerUp({ service }: Manifest, machine: Machine): Promise<boolean> {
  try {
    const [engine] = loadForService(service, machine).settings.engines;
    return engine !== undefined && (await presenceOf(engine)) === 'up';
  } catch (error) {
    // Invalid settings must not prevent an uninstall.
    if (error instanceof UserError) return false;
    throw error;
  }
}
