import { type FolderPlan, type PlannedHook, planFolders } from '../hooks/plan.ts';
import type { Settings } from '../listener/config/settings.ts';
import { describeFilter, describeHint } from '../listener/words/events.ts';
import { aboutIt } from '../listener/words/failure.ts';
import { leftOutWords } from '../listener/words/hooks.ts';
import { describeExposed, describeRefusal } from '../listener/words/refusal.ts';
import { type Account, currentAccount } from '../system/find-account.ts';
import { type ExitCode, exitCode } from '../system/user-error.ts';
import { plural, seconds } from '../system/words.ts';
import { load } from './load.ts';
import type { SettingsRequest } from './settings-request.ts';

/** Prints what would run on each event. Returns the exit code. */
export function showDryRun(request: SettingsRequest): ExitCode {
  const account = currentAccount();
  process.stdout.write(describeDryRun(dryRun(load(request).settings, account), account));
  return exitCode.done;
}

/** Hooks that would run on each event, in order, and those that would not, with the reason. */
export interface DryRun {
  readonly version: 1;
  readonly folders: readonly FolderPlan[];
}

export function dryRun({ scriptDir, hooks: settings }: Settings, account: Account): DryRun {
  return { version: 1, folders: planFolders({ scriptDir, account, settings }) };
}

/** A dry run for a person: hooks numbered in their order, the rest with its cause and fix. */
export function describeDryRun({ folders }: DryRun, account: Account): string {
  return folders.map((plan) => `${plan.folder}\n${describePlan(plan, account)}`).join('\n');
}

function describePlan(plan: FolderPlan, account: Account): string {
  switch (plan.kind) {
    case 'missing':
      return '  There is no such folder: nothing to run\n';
    case 'unreadable':
      return `  Cannot be read (${plan.code}): nothing would run\n`;
    case 'refused': {
      const { found, fix } = describeRefusal(plan.refusal);
      return `  Nothing would run: ${found}. ${fix}\n`;
    }
    case 'planned':
      return plan.hooks.length === 0 ? '  Empty\n' : describeHooks(plan.hooks, account);
    case 'unknown-event':
      return `  There is no such event: nothing would run. ${describeHint(plan)}\n`;
    default:
      return plan satisfies never;
  }
}

function describeHooks(hooks: readonly PlannedHook[], account: Account): string {
  const short = (name: string) => name.slice(name.indexOf('/') + 1);
  const width = Math.max(...hooks.map(({ name }) => short(name).length));
  let order = 0;
  return hooks
    .map((hook) => {
      const number = hook.kind === 'runs' ? `${++order}.` : '-';
      const { text, fix } = describeHook(hook, account);
      const line = `  ${number.padStart(4)} ${short(hook.name).padEnd(width)}  ${text}`.trimEnd();
      // On a line of its own, to be copied.
      return fix === undefined ? `${line}\n` : `${line}\n${' '.repeat(7)}${fix}\n`;
    })
    .join('');
}

function describeHook(hook: PlannedHook, account: Account): { text: string; fix?: string } {
  switch (hook.kind) {
    case 'runs': {
      const details = [
        ...(hook.timeout === undefined ? [] : [`at most ${seconds(hook.timeout)}`]),
        ...(hook.user === account.username ? [] : [`as ${hook.user}`]),
        ...(hook.when === undefined ? [] : [`only when ${describeFilter(hook.when)}`]),
        ...(hook.retries === undefined
          ? []
          : [`again up to ${plural(hook.retries, 'time')} after a failure`]),
        ...(hook.debounce === undefined
          ? []
          : [`once for a burst, when no event has come for ${seconds(hook.debounce)}`]),
        ...(hook.stopsChain ? ['the rest only if it succeeds'] : []),
        ...(hook.hardLinks > 1 ? [`has ${hook.hardLinks} names (hard links)`] : []),
      ];
      if (hook.exposedInterpreter === undefined) return { text: details.join(', ') };
      const { found, fix } = describeExposed(hook.exposedInterpreter);
      return { text: [...details, `warning: ${found}`].join(', '), fix };
    }
    case 'left-out':
      return { text: leftOutWords[hook.why] };
    case 'refused': {
      const { found, fix } = describeRefusal(hook.refusal);
      return { text: `refused: ${aboutIt(found, { name: hook.name, path: hook.refusal.path })}`, fix };
    }
    case 'unspeakable':
      return { text: 'refused: its name is not UTF-8', fix: 'Rename it' };
    default:
      return hook satisfies never;
  }
}
