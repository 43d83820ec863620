import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { apply } from '../service/apply.ts';
import type { Plan } from '../service/plan-install.ts';
import { agentScope, type Scope, systemScope, userScope } from '../service/scope.ts';
import { requireWritable } from '../service/writable.ts';
import { currentAccount } from '../system/find-account.ts';
import { quote } from '../system/shell-quote.ts';
import { exitCode, UserError } from '../system/user-error.ts';
import { describeKept, describeSteps, summarizePlan } from './describe-plan.ts';
import { foldLine, widthOf } from './screen.ts';

/** The way to apply a plan. */
interface Mode {
  /** Shown, and not done. */
  readonly dryRun: boolean;
  /** Done without a question. */
  readonly yes: boolean;
  /** Shown step by step where it is shown before it is done; else as a summary. */
  readonly verbose: boolean;
}

/**
 * Shows a plan: as a whole first where a user can confirm it, else step by step; and applies it.
 * @returns whether it was done
 * @throws UserError for a step that cannot be done; before the first one where what it writes cannot be written
 */
export async function carryOut(plan: Plan, { dryRun, yes, verbose }: Mode): Promise<boolean> {
  const { steps, kept, remarks = [] } = plan;
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const lines = describeSteps(steps);
  for (const remark of remarks) say(foldLine(`  note    ${remark}`, widthOf(process.stdout), 10));
  for (const stays of kept) say(describeKept(stays));
  const asks = !dryRun && !yes && process.stdin.isTTY && process.stdout.isTTY && steps.length > 0;
  if (dryRun || asks) for (const line of verbose ? lines.values() : summarizePlan(plan)) say(line);
  if (dryRun) return false;
  if (asks && !(await confirm())) return false;
  requireWritable(steps);
  await apply(steps, (step) => {
    const line = lines.get(step);
    if (!asks && line !== undefined) say(line);
  });
  return true;
}

async function confirm(): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question('\nDo this? [y/N] ')).trim());
  } finally {
    terminal.close();
  }
}

/**
 * Finds the manager that has the service.
 * @throws UserError with exit code 64 for root, who has the system's; 69 where there is no manager of this user's
 */
export function findScope(user: boolean): Scope {
  if (!user) return systemScope;
  const { uid, home } = currentAccount();
  if (uid === 0) {
    throw new UserError(
      exitCode.usage,
      '--user is for who is not root',
      'Run it as that user, or without --user',
    );
  }
  const own = process.env.HOME || home;
  if (process.platform === 'darwin') return agentScope(uid, own);
  const scope = process.platform === 'linux' ? userScope(uid, own, process.env) : undefined;
  if (scope !== undefined && existsSync(join(scope.runtime, 'systemd'))) return scope;
  throw noManager(uid);
}

/** Within a login of another user pam_systemd(8) begins no session for su and sudo: no manager is started, no variable set. */
function noManager(uid: number): UserError {
  const usual = `/run/user/${uid}`;
  return existsSync(join(usual, 'systemd'))
    ? new UserError(
        exitCode.unavailable,
        'XDG_RUNTIME_DIR does not name the folder of your systemd',
        `Run, and then try again: export XDG_RUNTIME_DIR=${usual}`,
      )
    : new UserError(
        exitCode.unavailable,
        'No systemd of yours runs here: there is none in XDG_RUNTIME_DIR',
        'Log in as yourself, with ssh or on a terminal; or from root: machinectl shell USER@. Within another user’s login su and sudo bring none; loginctl enable-linger USER, by root, does',
      );
}

/**
 * Requires root.
 * @throws UserError with exit code 77, with the command line that works
 */
export function requireRoot(command: string): void {
  if (process.geteuid?.() === 0) return;
  // sudo may look for neither our Node nor our program where this shell has found them.
  const [, program = '', ...words] = process.argv;
  const line = ['sudo', process.execPath, program, ...words].map(quote).join(' ');
  throw new UserError(exitCode.notPermitted, `${command} needs root`, `Run: ${line}`);
}
