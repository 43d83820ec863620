import { join } from 'node:path';
import type { PlannedHook } from '../../hooks/plan.ts';
import type { Settings } from '../../listener/config/settings.ts';
import type { Failure } from '../../listener/failures.ts';
import { describeHint } from '../../listener/words/events.ts';
import { aboutIt, describeFailure } from '../../listener/words/failure.ts';
import { leftOutWords } from '../../listener/words/hooks.ts';
import { describeExposed, describeRefusal } from '../../listener/words/refusal.ts';
import { layOut, productName } from '../../service/layout.ts';
import type { Machine } from '../../service/machine.ts';
import type { Manifest } from '../../service/manifest.ts';
import { installCommand, ownerOf } from '../../service/scope.ts';
import { isAsWritten } from '../../service/wanted.ts';
import type { Account } from '../../system/find-account.ts';
import { type Walk, walkToFile, walkToFolder } from '../../system/trust.ts';
import { version } from '../../version.ts';
import { dryRun } from '../dry-run.ts';
import { type Finding, note, ok, wrong } from './finding.ts';

/** Program, its parts and Node of the service: whose they are, and which versions. */
export function checkProgram(manifest: Manifest, machine: Machine): Finding[] {
  const { node, program, parts, current } = layOut(manifest.prefix, manifest.program);
  const counts = machine.look(current);
  const installed = counts.kind === 'link' ? counts.target : manifest.program;
  const isPackaged = manifest.entries.length === 0;
  const again = `Run: ${isPackaged ? `apt-get install --reinstall ${productName}` : installCommand(machine.scope)}`;
  const written = (check: string, path: string, found: (resolved: string) => string): Finding => {
    const walked = walkToFile(path, ownerOf(machine.scope));
    const isMissing = !walked.trusted && walked.refusal.cause.kind === 'missing';
    // A folder made in its place would be in the way.
    return isMissing
      ? wrong(check, `${walked.refusal.path} does not exist`, again)
      : trusted(check, walked, found);
  };
  const files = [
    written('node', node, () => machine.ask([node, '--version'])),
    written('program', program, (resolved) => resolved),
    ...machine
      .list(parts)
      .map((name) => written('program', join(parts, name), (resolved) => resolved))
      .filter(({ verdict }) => verdict !== 'ok'),
  ];
  const edited = manifest.entries.flatMap((entry): Finding[] => {
    const found = machine.look(entry.path);
    if (found.kind === 'nothing') return [wrong('installed', `${entry.path} is missing`, again)];
    const changed = entry.kind === 'file' && found.kind === 'file' && !isAsWritten(found, [entry]);
    return changed ? [note('installed', `${entry.path} was changed since install wrote it`)] : [];
  });
  const whole = manifest.unfinished
    ? [wrong('installed', 'install was cut short, or failed: not all of it is there', again)]
    : edited;
  const versions =
    installed === version
      ? ok('version', version)
      : note(
          'version',
          `the service is ${installed}, and this program ${version}`,
          'Run install with the one that is to count',
        );
  return [versions, ...files, ...whole];
}

/** The folders that root reads from and writes to, and each hook. */
export function checkFolders(
  settings: Settings,
  account: Account,
  failures: readonly Failure[] = [],
): Finding[] {
  const state = walkToFolder(settings.stateDir, account.uid);
  const isNew = !state.trusted && state.refusal.cause.kind === 'missing';
  const hooks = trusted('hooks', walkToFolder(settings.scriptDir, account.uid), (resolved) => resolved);
  // Its content has the same fault: one finding is enough.
  if (hooks.verdict === 'wrong') return [hooks];
  return [
    hooks,
    ...dryRun(settings, account).folders.flatMap((plan): Finding[] => {
      const name = plan.folder.slice(settings.scriptDir.length + 1);
      switch (plan.kind) {
        case 'missing':
          return name === 'while_running' ? [] : [note(name, 'there is no such folder: nothing runs')];
        case 'unreadable':
          return [
            wrong(name, `it cannot be read (${plan.code})`, 'Run: sudo docker-lifecycle-listener doctor'),
          ];
        case 'refused': {
          const { found, fix } = describeRefusal(plan.refusal);
          return [wrong(name, found, fix)];
        }
        case 'planned':
          if (plan.hooks.length === 0) return [note(name, 'no hooks')];
          return plan.hooks.map((hook): Finding => {
            switch (hook.kind) {
              case 'runs':
                return runs(
                  hook,
                  failures.find(({ name: failed }) => failed === hook.name),
                );
              case 'left-out':
                return note(hook.name, leftOutWords[hook.why]);
              case 'refused': {
                const { found, fix } = describeRefusal(hook.refusal);
                return wrong(hook.name, aboutIt(found, { name: hook.name, path: hook.refusal.path }), fix);
              }
              case 'unspeakable':
                return wrong(hook.name, 'its name is not UTF-8', 'Rename it');
              default:
                return hook satisfies never;
            }
          });
        case 'unknown-event':
          return [wrong(name, 'there is no such event', describeHint(plan))];
        default:
          return plan satisfies never;
      }
    }),
    isNew
      ? note('state', `${settings.stateDir} is made when it is needed`)
      : trusted('state', state, (path) => path),
  ];
}

/** A hook that may run, and what went wrong with it last. */
function runs(
  { name, exposedInterpreter }: Extract<PlannedHook, { kind: 'runs' }>,
  failure: Failure | undefined,
): Finding {
  if (failure !== undefined) {
    const { text, fix } = describeFailure(failure);
    return note(name, `may run; last time: ${text}`, fix);
  }
  if (exposedInterpreter === undefined) return ok(name, 'may run');
  const { found, fix } = describeExposed(exposedInterpreter);
  return note(name, `may run, but ${found}`, fix);
}

function trusted(check: string, walked: Walk, found: (resolved: string) => string): Finding {
  if (walked.trusted) return ok(check, found(walked.resolved));
  const { found: why, fix } = describeRefusal(walked.refusal);
  return wrong(check, why, fix);
}
