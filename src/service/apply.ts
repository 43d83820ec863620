import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode, exitCode, UserError } from '../system/user-error.ts';
import { unwantedVariables } from './layout.ts';
import { draftOf, type Step } from './step.ts';

/**
 * Executes the steps of a plan. A file is complete, with its owner and mode, before it gets its name, so the old file works
 * until it is replaced, also that of a running program.
 * @param begin called with each step before it is executed
 * @throws UserError for the first step that fails; the steps before it stay done
 */
export async function apply(steps: readonly Step[], begin: (step: Step) => void): Promise<void> {
  for (const step of steps) {
    begin(step);
    try {
      await applyStep(step);
    } catch (error) {
      if (error instanceof UserError || errorCode(error) === undefined) throw error;
      const path = 'path' in step ? step.path : '';
      throw new UserError(
        exitCode.failed,
        `${path}: ${error instanceof Error ? error.message : String(error)}`,
        'Mend it and run the same again: what is done already is not done twice',
      );
    }
  }
}

async function applyStep(step: Step): Promise<void> {
  switch (step.kind) {
    case 'folder':
      mkdirSync(step.path, { mode: step.mode });
      own(step.path, step.mode);
      return;
    case 'file':
      replace(step.path, (draft) => {
        writeFileSync(draft, step.content, { flag: 'wx', mode: step.mode });
        own(draft, step.mode);
      });
      return;
    case 'copy':
      replace(step.path, (draft) => {
        writeFileSync(draft, readFileSync(step.from), { flag: 'wx', mode: step.mode });
        own(draft, step.mode);
      });
      return;
    case 'link':
      replace(step.path, (draft) => symlinkSync(step.target, draft));
      return;
    case 'remove':
      rmSync(step.path, { force: true });
      return;
    case 'remove-folder':
      removeFolder(step.path);
      return;
    case 'remove-tree':
      rmSync(step.path, { recursive: true, force: true });
      return;
    case 'run':
      return runCommand(step);
    default:
      step satisfies never;
  }
}

/**
 * Modes as given, whatever the umask; and root's, where root installs. What is made has been given its mode before:
 * who could open it to write for a moment could do so for ever.
 */
function own(path: string, mode: number): void {
  if (process.geteuid?.() === 0) chownSync(path, 0, 0);
  chmodSync(path, mode);
}

function replace(path: string, make: (draft: string) => void): void {
  const draft = draftOf(path);
  // Left by an install that was killed.
  rmSync(draft, { force: true });
  make(draft);
  if (!lstatSync(draft).isSymbolicLink()) sync(draft);
  renameSync(draft, path);
}

/** On disk before it has its name, so that no crash leaves a program that is empty. */
function sync(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function removeFolder(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    const code = errorCode(error) ?? '';
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR'].includes(code)) throw error;
  }
}

async function runCommand(step: Extract<Step, { kind: 'run' }>): Promise<void> {
  const { words, mayFail, shows = false, tries = 1 } = step;
  const [command = '', ...rest] = words;
  // The service is started without these variables, so a Node that needs them fails here.
  const environment = { ...process.env };
  for (const variable of unwantedVariables) delete environment[variable];
  for (let attempt = 1; ; attempt++) {
    const { status, error, stderr } = spawnSync(command, rest, {
      encoding: 'utf8',
      env: environment,
      stdio: shows ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'ignore', 'pipe'],
    });
    if (status === 0 || mayFail) return;
    if (attempt < tries) {
      await sleep(500);
      continue;
    }
    const said = error?.message ?? (stderr?.trim() || `it ended with ${status ?? 'a signal'}`);
    throw new UserError(
      exitCode.failed,
      `${words.join(' ')}: ${said}`,
      shows
        ? 'Mend what it names above, and run the same again: what is done already is not done twice'
        : undefined,
    );
  }
}
