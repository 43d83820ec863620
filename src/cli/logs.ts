import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { agentDomain, systemDomain } from '../service/launchd.ts';
import { productName, serviceUnit } from '../service/layout.ts';
import { findSupervisor, type Machine, type Supervisor, thisMachine } from '../service/machine.ts';
import { journalForm } from '../service/scope.ts';
import { currentAccount } from '../system/find-account.ts';
import { errorCode, exitCode, UserError } from '../system/user-error.ts';

export interface LogsRequest {
  readonly follow: boolean;
  /** The number of lines, the newest ones. */
  readonly lines: number;
}

/**
 * Shows what the service has logged, from wherever its supervisor keeps it, with that supervisor's own command.
 * @returns the exit code
 * @throws UserError where nothing keeps a log
 */
export async function showLogs(command: LogsRequest): Promise<number> {
  const machine = thisMachine();
  return show(logCommand(command, findSupervisor(machine.platform), machine, ownLog(machine.platform)));
}

/** A user who has an agent of launchd's means its log. */
function ownLog(platform: NodeJS.Platform): string {
  const { uid, home } = currentAccount();
  const { job, log } = agentDomain(uid, home);
  return platform === 'darwin' && existsSync(job) ? log : systemDomain.log;
}

/** The command that shows the log. */
export function logCommand(
  { follow, lines }: LogsRequest,
  supervisor: Supervisor,
  machine: Pick<Machine, 'ask'>,
  logFile: string = systemDomain.log,
): string[] {
  switch (supervisor.kind) {
    case 'systemd': {
      const unit = ['journalctl', ...journalForm, `--unit=${serviceUnit}`];
      // Also of a service that was uninstalled since.
      if (machine.ask([...unit, '--lines=1']) === '') {
        if (!isKnown(machine)) throw noLog();
        if (process.geteuid?.() !== 0) throw notReadable();
      }
      return [...unit, `--lines=${lines}`, ...(follow ? ['--follow'] : [])];
    }
    case 'launchd':
    case 'openrc':
      return ['tail', '-n', String(lines), ...(follow ? ['-F'] : []), readable(logFile)];
    case 'none':
      // A user's own supervisor may use the same file name as ours.
      if (statSync(logFile, { throwIfNoEntry: false })?.isFile()) {
        return ['tail', '-n', String(lines), ...(follow ? ['-F'] : []), readable(logFile)];
      }
      throw noLog();
    default:
      return supervisor satisfies never;
  }
}

function isKnown(machine: Pick<Machine, 'ask'>): boolean {
  return machine.ask(['systemctl', 'show', '--property=LoadState', '--', serviceUnit]) === 'LoadState=loaded';
}

function noLog(): UserError {
  return new UserError(
    exitCode.unavailable,
    'There is no log of a service here',
    `A listener in the foreground logs on its terminal; ${productName} install makes a service of it`,
  );
}

/** journalctl leaves out, without a word, what this user may not read. */
function notReadable(): UserError {
  return new UserError(
    exitCode.notPermitted,
    'The log of the service is empty, or this user may not read it',
    `Run: sudo ${productName} logs`,
  );
}

function readable(path: string): string {
  try {
    accessSync(path, constants.R_OK);
    return path;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') throw noLog();
    throw new UserError(exitCode.notPermitted, `May not read ${path}`, `Run: sudo ${productName} logs`);
  }
}

/** Ends when it ends, and with it. A terminal's Ctrl-C reaches both: then it is what was wanted. */
async function show([command = '', ...words]: readonly string[]): Promise<number> {
  const child = spawn(command, words, { stdio: 'inherit' });
  const pass = () => child.kill('SIGTERM');
  const ignore = () => {};
  process.on('SIGINT', ignore);
  process.on('SIGTERM', pass);
  process.on('SIGHUP', pass);
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    if (signal === 'SIGINT' || signal === 'SIGPIPE') return exitCode.done;
    return code === 130 ? exitCode.done : (code ?? exitCode.failed);
  } catch (error) {
    throw new UserError(exitCode.unavailable, `Cannot run ${command} (${errorCode(error)})`);
  } finally {
    process.removeListener('SIGINT', ignore);
    process.removeListener('SIGTERM', pass);
    process.removeListener('SIGHUP', pass);
  }
}
