import type { Settings } from '../listener/config/settings.ts';
import type { Failure } from '../listener/failures.ts';
import { companionUnit } from '../service/layout.ts';
import { findSupervisor, type Machine, thisMachine } from '../service/machine.ts';
import type { Manifest } from '../service/manifest.ts';
import { findPackaged } from '../service/packaged.ts';
import { installCommand, ownerOf, type Scope } from '../service/scope.ts';
import { properties, stateOfUnit } from '../service/systemd.ts';
import { type Account, currentAccount, findAccount } from '../system/find-account.ts';
import { printableText } from '../system/printable.ts';
import { type ExitCode, exitCode, UserError } from '../system/user-error.ts';
import { version } from '../version.ts';
import { defaultEndpoint } from '../watch/endpoint/endpoint.ts';
import type { EngineSettings } from '../watch/settings.ts';
import { statusIn } from './answers.ts';
import { findScope } from './carry-out.ts';
import { checkClock } from './doctor/clock.ts';
import { checkEngine, checkPort } from './doctor/engine.ts';
import { checkFolders, checkProgram } from './doctor/files.ts';
import { type Finding, note, ok, wrong } from './doctor/finding.ts';
import { checkFleet } from './doctor/fleet.ts';
import { checkNotifier } from './doctor/notifier.ts';
import { checkService, serviceRuns } from './doctor/service.ts';
import { checkUnitEnvironment } from './doctor/unit-environment.ts';
import { readManifest } from './install.ts';
import { findListener, ifRunning } from './listener.ts';
import { loadForClient } from './load.ts';
import { during } from './progress.ts';
import { foldLine, widthOf } from './screen.ts';
import { loadForService, settingsFileOf } from './service-settings.ts';

/** Says what is as it should be and what is not, a row each, with what mends it. Changes nothing. */
export async function doctor({
  json,
  user,
}: {
  readonly json: boolean;
  readonly user: boolean;
}): Promise<ExitCode> {
  const scope = findScope(user);
  const findings = await during('Looking at the service, the hooks and Docker', examine(scope));
  process.stdout.write(
    json
      ? `${JSON.stringify({ version: 1, findings }, null, 2)}\n`
      : describeFindings(findings, widthOf(process.stdout)),
  );
  return findings.some(({ verdict }) => verdict === 'wrong') ? exitCode.failed : exitCode.done;
}

async function examine(scope: Scope): Promise<Finding[]> {
  const machine = thisMachine(scope);
  const supervisor = findSupervisor(machine.platform);
  const installed = findInstalled(machine);
  const manifest = installed instanceof UserError ? undefined : installed;
  const found: Finding[] = [];
  if (installed instanceof UserError) {
    found.push(note('installed', installed.message, 'Run: sudo docker-lifecycle-listener doctor'));
    found.push(ok('version', `${version}, Node ${process.versions.node}`));
  } else if (manifest === undefined) {
    found.push(note('installed', 'not as a service', `Run: ${installCommand(scope)}`));
    found.push(ok('version', `${version}, Node ${process.versions.node}`));
  } else {
    found.push(...checkProgram(manifest, machine));
    found.push(...checkService(machine, supervisor, manifest));
  }
  // The system's service is root's, whichever user asks.
  const root = findAccount('0', machine.platform);
  const account: Account =
    manifest === undefined || root === undefined || scope.kind === 'user' ? currentAccount() : root;
  const settings = readSettings(manifest, machine);
  if ('verdict' in settings) return [...found, settings];
  const runs = serviceRuns(machine, supervisor);
  const dockerUnit = manifest?.service.dockerUnit;
  const isActive =
    scope.kind === 'system' &&
    supervisor.kind === 'systemd' &&
    dockerUnit !== undefined &&
    properties(machine, dockerUnit, ['ActiveState']).get('ActiveState') === 'active';
  // Its unit and no other's is behind Docker's own socket.
  const unitOf = ({ endpoint }: EngineSettings) =>
    isActive && [defaultEndpoint.url, 'unix:///run/docker.sock'].includes(endpoint.url)
      ? dockerUnit
      : undefined;
  const hasCompanion = supervisor.kind === 'systemd' && stateOfUnit(machine, companionUnit).active;
  const unitEnvironment =
    manifest === undefined
      ? []
      : checkUnitEnvironment(machine, supervisor, settings.hooks.environment, settingsFileOf(scope));
  return [
    ...found,
    ...unitEnvironment,
    ...checkFolders(settings, account, runs ? await askForFailures() : []),
    ...(await Promise.all(settings.engines.map((engine) => checkEngine(engine, unitOf(engine))))),
    await checkPort(settings.notifier, runs),
    ...(await checkNotifier(settings, manifest, hasCompanion)),
    ...(await checkClock(settings, machine.platform)),
    ...(await checkFleet(settings)),
  ];
}

/** Returns what is installed; the error where this user may not see that, while the rest can still be looked at. */
function findInstalled(machine: Machine): Manifest | UserError | undefined {
  const { platform, scope } = machine;
  try {
    return readManifest(platform, scope) ?? (scope.kind === 'system' ? findPackaged(machine) : undefined);
  } catch (error) {
    if (error instanceof UserError && error.exitCode === exitCode.notPermitted && process.geteuid?.() !== 0)
      return error;
    throw error;
  }
}

/** The settings of the service, or of a listener that this user would run. */
function readSettings(manifest: Manifest | undefined, machine: Machine): Settings | Finding {
  try {
    const { settings } =
      manifest === undefined
        ? loadForClient({ inputs: {}, config: undefined })
        : loadForService(manifest.service, machine);
    return settings;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (manifest !== undefined && process.geteuid?.() !== ownerOf(machine.scope)) {
      return note(
        'settings',
        error.message,
        'Only root can look further: sudo docker-lifecycle-listener doctor',
      );
    }
    return wrong('settings', error.message, error.fix ?? 'See: docker-lifecycle-listener config check');
  }
}

/** The failing hooks of the listener; none where it cannot be asked. */
async function askForFailures(): Promise<readonly Failure[]> {
  try {
    const asking = findListener({ inputs: {}, config: undefined }).client.get('/v1/status').then(statusIn);
    return (await ifRunning(asking))?.failures ?? [];
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}

const marks = { ok: 'ok   ', note: 'note ', wrong: 'WRONG' } as const;

/**
 * Findings as a table: the verdict, what was looked at, what was found; below it what mends it, whole, to be copied.
 * @param columns how wide the terminal is; undefined for no limit
 */
export function describeFindings(findings: readonly Finding[], columns?: number): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  return findings
    .map(({ check, verdict, found, cure }) => {
      const line = `${marks[verdict]}  ${check.padEnd(width)}  ${printableText(found)}`;
      const row = `${foldLine(line, columns, width + 9)}\n`;
      return cure === undefined ? row : `${row}${' '.repeat(width + 9)}${printableText(cure)}\n`;
    })
    .join('');
}
