import { constants } from 'node:os';
import type { HookRefusalCause } from '../hooks/admit.ts';
import type { Outcome } from '../hooks/run.ts';
import type { TriggerLine } from '../listener/trigger-lines.ts';
import { aboutIt } from '../listener/words/failure.ts';
import { describeEnd, leftOutWords } from '../listener/words/hooks.ts';
import { describeRefusal } from '../listener/words/refusal.ts';
import { printableText } from '../system/printable.ts';
import { exitCode, UserError } from '../system/user-error.ts';
import { bytes } from '../system/words.ts';
import type { LifecycleEvent } from '../watch/lifecycle/transition.ts';
import { findListener, running } from './listener.ts';
import type { EngineRequest } from './listener-request.ts';
import { print, remark } from './print.ts';
import { progress } from './progress.ts';
import { nameOfEngine } from './which-engine.ts';

export interface TriggerRequest extends EngineRequest {
  readonly event: LifecycleEvent;
  readonly hook: string | undefined;
}

/**
 * Has the listener run hooks now, and shows what they print.
 * @returns the exit code of the worst of them: the highest
 */
export async function triggerHooks(command: TriggerRequest): Promise<number> {
  const { event, hook, json } = command;
  const { client } = findListener(command);
  const engine =
    command.engine === undefined ? undefined : await running(nameOfEngine(client, command.engine));
  // A hook that asks is found by its run, and by its process where its environment was cleared.
  const run = process.env.DOCKER_LIFECYCLE_RUN;
  const from = { pid: process.pid, ...(run && { run }) };
  const parameters = { event, ...(hook && { hook }), ...(engine && { engine }), ...from };
  const lines = await running(client.lines({ method: 'POST', path: '/v1/trigger', parameters }));
  let worst = 0;
  try {
    for await (const line of lines as AsyncIterable<TriggerLine>) {
      worst = Math.max(worst, codeOfLine(line, hook !== undefined));
      follow(line);
      if (json) print(`${JSON.stringify(line)}\n`);
      else say(line);
      if (line.kind === 'done') return worst;
    }
  } finally {
    progress.now(undefined);
  }
  throw new UserError(exitCode.unavailable, 'The listener ended before the hooks were done');
}

/** The current activity, for a terminal where nothing was printed for a while. */
function follow(line: TriggerLine): void {
  if (line.kind === 'accepted')
    progress.now(line.waiting > 0 ? 'Waiting for the hooks that run now' : undefined);
  if (line.kind === 'hook-started') progress.now(`${printableText(line.hook)} runs`);
  if (line.kind === 'hook-ended') progress.now(undefined);
}

/**
 * The exit code of a line. A hook that may not run is no success, and neither is a disabled one that was named.
 */
function codeOfLine(line: TriggerLine, isNamed: boolean): number {
  switch (line.kind) {
    case 'hook-ended':
      return codeOfOutcome(line.outcome);
    case 'hook-refused':
    case 'name-refused':
    case 'folder-refused':
      return exitCode.notPermitted;
    case 'folder-unreadable':
      return exitCode.failed;
    case 'hook-left-out':
      return isNamed ? exitCode.failed : exitCode.done;
    case 'done':
      return line.how === 'complete' ? exitCode.done : exitCode.failed;
    default:
      return exitCode.done;
  }
}

/** The exit code of a shell. */
function codeOfOutcome(outcome: Outcome): number {
  switch (outcome.kind) {
    case 'exited':
      return outcome.code;
    case 'killed':
      return 128 + (constants.signals[outcome.signal as NodeJS.Signals] ?? 0);
    case 'ended':
      // The exit code of timeout(1).
      return 124;
    case 'not-started':
      return 126;
    default:
      return outcome satisfies never;
  }
}

function say(line: TriggerLine): void {
  switch (line.kind) {
    case 'accepted':
      if (line.waiting > 0) remark('Waiting for the hooks that run now\n');
      return;
    case 'hook-output': {
      const text = `${printableText(line.hook)}: ${printableText(line.line)}\n`;
      if (line.stream === 'stderr') remark(text);
      else print(text);
      return;
    }
    case 'hook-output-omitted':
      return remark(`${printableText(line.hook)} prints too fast: left out ${bytes(line.bytes)}\n`);
    case 'hook-ended':
      return remark(`${printableText(describeEnd(line.hook, line.outcome, line.durationMs).text)}\n`);
    case 'hook-refused':
      return refused(line.hook, line.path, line.cause);
    case 'folder-refused':
      return refused(line.folder, line.path, line.cause);
    case 'hook-left-out':
      return remark(`${printableText(line.hook)} is ${leftOutWords[line.why]}\n`);
    case 'name-refused':
      return remark(`${printableText(line.hook)} is refused: its name is not UTF-8. Rename it\n`);
    case 'chain-stopped':
      return remark(`${printableText(line.hook)} did not succeed: what comes after it is left out\n`);
    case 'folder-missing':
      return remark(`There is no folder ${printableText(line.folder)}: nothing to run\n`);
    case 'folder-unreadable':
      return remark(`Cannot read ${printableText(line.folder)} (${line.code})\n`);
    case 'done':
      if (line.how === 'left-out')
        remark('Left out: Docker has stopped, the listener ends, or too much waits already\n');
      return;
    default:
      // Its start shows in what it prints, and in its end.
      return;
  }
}

function refused(name: string, path: string, cause: HookRefusalCause): void {
  const { found, fix } = describeRefusal({ path, cause });
  const why = aboutIt(found, { name, path });
  remark(`${printableText(name)} is refused: ${printableText(why)}\n  ${printableText(fix)}\n`);
}
