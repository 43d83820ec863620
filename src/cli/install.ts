import { join } from 'node:path';
import { describeRefusal } from '../listener/words/refusal.ts';
import { companionRemark, findDockerUnit } from '../service/docker-units.ts';
import { domainOf, settledState } from '../service/launchd.ts';
import { companionUnit, layOut, productName, serviceUnit } from '../service/layout.ts';
import {
  findSupervisor,
  type Machine,
  mayNotLook,
  type Supervisor,
  thisMachine,
} from '../service/machine.ts';
import {
  type Manifest,
  manifestPath,
  type NotifierChoice,
  parseManifest,
  type ServiceOptions,
} from '../service/manifest.ts';
import { findPackaged, packagedCure } from '../service/packaged.ts';
import { choosePrefix, chooseScriptDir, distrustOf, type Place } from '../service/places.ts';
import { planInstall } from '../service/plan-install.ts';
import { findRuntime } from '../service/runtime.ts';
import { journalctl, ownerOf, type Scope, systemctl, systemScope } from '../service/scope.ts';
import { settingsFileText } from '../service/settings-file.ts';
import { properties, stateOfUnit } from '../service/systemd.ts';
import { canBeRun } from '../service/systemd-units.ts';
import { quote } from '../system/shell-quote.ts';
import { describeFileProblem, readSmallFile } from '../system/small-file.ts';
import { type ExitCode, exitCode, UserError } from '../system/user-error.ts';
import { version } from '../version.ts';
import { carryOut, findScope, requireRoot } from './carry-out.ts';
import { findNotifierFacts } from './notifier-facts.ts';
import { loadForService, settingsFileOf } from './service-settings.ts';
import { shellFiles } from './shell-files.ts';

export interface InstallRequest {
  /** Shows the steps without taking them. */
  readonly dryRun: boolean;
  /** Asks no question. */
  readonly yes: boolean;
  /** Shows each step and its reason, and no summary. */
  readonly verbose: boolean;
  /** The service of a user, and not the system's. */
  readonly user: boolean;
  /** Options of the command line; the rest stays as it was, or is chosen for this machine. */
  readonly options: {
    readonly prefix?: string;
    /** The Node to copy; the one that runs this process where it is undefined. */
    readonly node?: string;
    readonly scriptDir?: string;
    readonly port?: number;
    readonly dockerUnit?: string;
    /** In whole seconds. */
    readonly stopWait?: number;
    readonly notifier?: NotifierChoice;
  };
}

/**
 * Makes a service of this program, or renews it; see docs/install.md.
 * @param manual the manual page that it installs
 * @throws UserError with exit code 69 where there is nothing to install on, 77 for who is not root
 */
export async function install(
  { dryRun, yes, verbose, user, options }: InstallRequest,
  manual: string,
): Promise<ExitCode> {
  if (process.platform !== 'linux' && process.platform !== 'darwin') {
    throw new UserError(
      exitCode.unavailable,
      `There is no service for ${process.platform} yet`,
      `Run it in the foreground: ${productName} <script_dir>`,
    );
  }
  const scope = findScope(user);
  if (!dryRun && scope.kind === 'system') requireRoot('install');
  const machine = thisMachine(scope);
  const before = readManifest(machine.platform, scope);
  if (scope.kind === 'system') refusePackaged(machine, before, 'install');
  const { prefix, service, remarks } = settle(options, before, machine);
  // A service that would not start, for what is in its settings file, is not even begun.
  const settings =
    process.geteuid?.() === ownerOf(scope) ? loadForService(service, machine).settings : undefined;
  const layout = layOut(prefix, version);
  const supervisor = findSupervisor(machine.platform);
  // A rootless container does not reach the listener.
  const isTended = scope.kind === 'system' || service.notifier !== 'auto';
  const notifier = isTended ? await findNotifierFacts(settings, service, machine) : undefined;
  const plan = planInstall(
    {
      version,
      layout,
      runtime: findRuntime(ownerOf(scope), options.node),
      service,
      supervisor,
      extras: [
        ...shellFiles(layout, scope, manual),
        {
          kind: 'file',
          path: settingsFileOf(scope),
          mode: 0o644,
          editable: true,
          yields: true,
          content: settingsFileText(settingsGuide, service.scriptDir, supervisor.kind, scope),
          reason: 'has the settings, each commented out',
        },
      ],
      ...(notifier && { notifier }),
    },
    machine,
    before,
  );
  process.stdout.write(
    `${headline(before, supervisor)}\n${remarks.map((remark) => `  ${remark}\n`).join('')}\n`,
  );
  if (plan.steps.length === 0) process.stdout.write('Everything is as it should be.\n');
  const done = await carryOut(plan, { dryRun, yes, verbose });
  if (dryRun) return exitCode.done;
  if (!done) {
    process.stdout.write('Nothing was done.\n');
    return exitCode.failed;
  }
  return verify(supervisor, machine, [layout.node, layout.program, 'run', service.scriptDir], service);
}

function headline(before: Manifest | undefined, supervisor: Supervisor): string {
  const where = supervisor.kind === 'none' ? '' : ` as a service of ${supervisor.kind}`;
  if (before === undefined) return `${productName} ${version}${where}:`;
  const from = before.program === version ? version : `${before.program} → ${version}`;
  return `${productName} ${from}${where}, which is there already:`;
}

/**
 * Reads the manifest of an earlier install; undefined where there is none.
 * @throws UserError when it is damaged, when another user could have written it, and with exit code 77 when this user may
 * not look at it
 */
export function readManifest(platform: NodeJS.Platform, scope: Scope = systemScope): Manifest | undefined {
  const path = manifestPath(platform, scope);
  // A file that this user may not look at is not missing.
  const file = readSmallFile(path, longestManifest);
  if (file.kind === 'missing') return undefined;
  if (file.kind === 'unreadable' && file.code === 'EACCES') throw mayNotLook(path, file.code);
  requireTrust(path, ownerOf(scope));
  if (file.kind === 'read') return parseManifest(path, file.bytes.toString('utf8'));
  throw new UserError(
    exitCode.failed,
    `${describeFileProblem(path, file)}: what was installed is not known`,
    `See: ls -ld ${quote(path)}`,
  );
}

/** The npm package leaves out the guides. */
const settingsGuide = 'docs/configuration.md of the project; man docker-lifecycle-listener has the flags';

/** Bytes; a manifest has some ten thousand. */
const longestManifest = 2 ** 20;

/**
 * Refuses an installation of the Debian package: dpkg changes and removes it.
 * @param manifest where install has been, below the same prefix too, the package has not
 * @throws UserError where it is here
 */
export function refusePackaged(
  machine: Pick<Machine, 'look'>,
  manifest: Manifest | undefined,
  command: keyof typeof packagedCure,
): void {
  const packaged = manifest === undefined ? findPackaged(machine) : undefined;
  if (packaged === undefined) return;
  throw new UserError(
    exitCode.failed,
    `${productName} ${packaged.program} is installed as a package of Debian’s`,
    packagedCure[command],
  );
}

/** Options that are not given stay as they were; at the first install they are chosen for this machine. */
function settle(options: InstallRequest['options'], before: Manifest | undefined, machine: Machine) {
  const { platform, scope } = machine;
  const remarks: string[] = [];
  const explained = ({ path, instead }: Place) => {
    if (instead !== undefined) {
      remarks.push(`${path} rather than ${instead.of}: ${describeRefusal(instead.refusal).found}.`);
    }
    return path;
  };
  const prefix =
    options.prefix ??
    before?.prefix ??
    (scope.kind === 'user' ? join(scope.home, '.local') : explained(choosePrefix()));
  const scriptDir =
    options.scriptDir ??
    before?.service.scriptDir ??
    (scope.kind === 'user' ? join(scope.config, `${productName}.d`) : explained(chooseScriptDir(platform)));
  if (platform === 'linux' && !canBeRun(prefix)) {
    throw new UserError(
      exitCode.usage,
      `systemd runs no program below ${prefix}: there are quotes, a backslash or a dollar sign in it`,
      'Give another folder of yours with --prefix',
    );
  }
  for (const path of [`${prefix}/lib`, `${prefix}/bin`, scriptDir]) requireTrust(path, ownerOf(scope));
  if (before !== undefined && before.prefix !== prefix) {
    throw new UserError(
      exitCode.usage,
      `It is installed below ${before.prefix} already`,
      `Run first: ${productName} uninstall`,
    );
  }
  const service: ServiceOptions = {
    scriptDir,
    port: options.port ?? before?.service.port,
    dockerUnit: options.dockerUnit ?? before?.service.dockerUnit ?? findDockerUnit(machine),
    stopWait: options.stopWait ?? before?.service.stopWait ?? 30,
    notifier: options.notifier ?? before?.service.notifier ?? 'auto',
  };
  const remark = companionRemark(machine, service.dockerUnit);
  if (remark !== undefined) remarks.push(`${remark}.`);
  return { prefix, service, remarks };
}

function requireTrust(path: string, owner: number): void {
  const refusal = distrustOf(owner)(path);
  if (refusal === undefined) return;
  const { found, fix } = describeRefusal(refusal);
  throw new UserError(
    exitCode.notPermitted,
    `${owner === 0 ? 'Root' : 'The service'} could not trust what is in ${path}: ${found}`,
    fix,
  );
}

/**
 * Says whether it works, and how to see that.
 * @throws UserError where it does not run, and is not masked
 */
export async function verify(
  supervisor: Supervisor,
  machine: Machine,
  words: readonly string[],
  { scriptDir, dockerUnit }: ServiceOptions,
): Promise<ExitCode> {
  switch (supervisor.kind) {
    case 'systemd': {
      const log = journalctl(machine.scope).join(' ');
      const shown = properties(machine, serviceUnit, ['ActiveState', 'LoadState']);
      const state = shown.get('ActiveState');
      // The administrator has masked it.
      if (shown.get('LoadState') === 'masked' && state !== 'active') {
        return done(
          `${serviceUnit} is masked, and does not run.`,
          `${systemctl(machine.scope).join(' ')} unmask ${serviceUnit}`,
          scriptDir,
        );
      }
      if (state !== 'active') {
        throw new UserError(
          exitCode.failed,
          `${serviceUnit} is ${state}`,
          `See: ${log} --unit ${serviceUnit} --lines 20`,
        );
      }
      const companion =
        companionRemark(machine, dockerUnit) !== undefined
          ? `and runs no hook for ${dockerUnit}`
          : stateOfUnit(machine, companionUnit).active
            ? 'and waits for Docker to stop'
            : 'and Docker is not up';
      const lingers =
        machine.scope.kind === 'user'
          ? ' It ends when you log out, unless you run: loginctl enable-linger'
          : '';
      return done(
        `${serviceUnit} runs, ${companion}.${lingers}`,
        `${log} --unit ${productName} --follow`,
        scriptDir,
      );
    }
    case 'launchd': {
      const domain = domainOf(machine.scope);
      const state = await settledState(machine, domain);
      const log = `tail -f ${domain.log}`;
      if (state === 'running') return done('launchd runs it.', log, scriptDir);
      throw new UserError(
        exitCode.failed,
        `launchd does not run it: ${state ?? 'it is not loaded'}`,
        `See: ${log}`,
      );
    }
    case 'openrc':
      return done('OpenRC runs it.', `rc-service ${productName} status`, scriptDir);
    case 'none':
      return done(
        'No supervisor that install knows: have yours run this as root, and start it again when it fails, except with exit code 64, 77 or 78.',
        words.map(quote).join(' '),
        scriptDir,
      );
    default:
      return supervisor satisfies never;
  }
}

function done(state: string, command: string, scriptDir: string): ExitCode {
  process.stdout.write(`\n${state}\n  ${command}\nYour hooks: ${scriptDir}/on_start, ${scriptDir}/on_stop\n`);
  return exitCode.done;
}
