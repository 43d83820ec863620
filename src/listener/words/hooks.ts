import type { LeftOut } from '../../hooks/admit.ts';
import type { HookReport } from '../../hooks/report.ts';
import { type EndReason, groupSetter, type Outcome } from '../../hooks/run.ts';
import { printable } from '../../system/printable.ts';
import { quote } from '../../system/shell-quote.ts';
import {
  bytes,
  detail,
  error,
  info,
  plural,
  seconds,
  type Words,
  type WordsFor,
  warning,
} from '../../system/words.ts';
import type { Transition } from '../../watch/lifecycle/transition.ts';
import { eventHookWords } from './events.ts';
import { describeExposed, describeRefusal } from './refusal.ts';
import { turnWords } from './turns.ts';

/** What becomes of the hooks. */
export const hookWords: WordsFor<HookReport> = {
  'hooks-found': (record) =>
    info(
      record.count === 0
        ? `No hooks in ${record.folder}`
        : `Running ${plural(record.count, 'hook')} in ${record.folder}`,
    ),
  'hooks-done': describeDone,
  'hooks-overtaken': () => info('Docker has stopped again before on_start could begin: left out'),
  'hooks-not-repeated': () => info('on_start has not run since the last on_stop: on_stop is not run again'),
  'hooks-withdrawn': (record) =>
    info(`The client that asked for ${label(record.transition)} has gone before it began: left out`),
  'hooks-dropped': (record) =>
    warning(`Too much waits for its hooks already: left out ${label(record.transition)}`),
  'hooks-delayed': (record) =>
    warning(
      `Cannot look for the hooks of ${label(record.transition)} yet (${record.code}): ${shortageWords(record.code)}. Retrying`,
    ),
  'folder-missing': (record) =>
    info(`There is no folder ${record.folder}: nothing to run at ${record.event}`),
  'folder-unreadable': (record) =>
    error(`Cannot read ${record.folder} (${record.code}): its hooks do not run`),
  'folder-refused': (record) => {
    const { found, fix } = describeRefusal(record.refusal);
    return error(`Skipping all of ${record.folder}: ${found}. ${fix}`);
  },
  'name-refused': (record) => error(`Skipping ${record.hook}: its name is not UTF-8. Rename it`),
  'hook-refused': (record) => {
    const { found, fix } = describeRefusal(record.admission);
    return error(`Skipping ${record.hook}: ${found}. ${fix}`);
  },
  'hook-left-out': (record) => describeLeftOut(record.hook, record.why),
  'hook-linked': (record) =>
    warning(
      `${record.hook} has ${record.hardLinks} names (hard links): whoever can change another of them changes it`,
    ),
  'hook-interpreter-exposed': ({ hook, ...exposed }) => {
    const { found, fix } = describeExposed(exposed);
    return warning(`${hook} runs, but ${found}. ${fix}`);
  },
  'hook-start-delayed': (record) =>
    warning(
      `Cannot start ${record.hook} yet (${record.code}): ${shortageWords(record.code)}. Retrying until it starts`,
    ),
  'hook-started': ({ hook, attempt, repeat }) => {
    const which = attempt === undefined ? '' : `, attempt ${attempt}`;
    return detail(`${hook} started${repeat ? ' again: an earlier run was cut off' : ''}${which}`);
  },
  'hook-output': (record) => info(`${record.hook}: ${printable(record.line)}`),
  'hook-output-omitted': (record) =>
    warning(`${record.hook} prints faster than a log can take: left out ${bytes(record.bytes)}`),
  'hook-left-over': (record) =>
    warning(`${record.hook} still runs from before the listener was killed (pid ${record.pid}): ending it`),
  'chain-stopped': (record) => warning(`${record.hook} did not succeed: what comes after it is left out`),
  'hook-retries': (record) =>
    warning(
      `${record.hook} did not succeed: attempt ${record.attempt} of ${record.attempts} in ${seconds(record.afterMs)}`,
    ),
  'hook-restarts': (record) =>
    warning(
      `${record.hook} is to run while Docker does, and has ended: starting it again in ${seconds(record.afterMs)}`,
    ),
  'hook-running': (record) =>
    warning(`${record.hook} has been running for ${seconds(record.forMs)}; the hooks after it wait`),
  ...eventHookWords,
  ...turnWords,
  'hook-ended': (record) => describeEnd(record.hook, record.outcome, record.durationMs),
};

/** The cause of a start that is put off, and its fix, by the system error's code. */
const shortages: { readonly [code: string]: string } = {
  EMFILE: 'the listener has no free descriptor. Raise LimitNOFILE= of its unit, or ulimit -n',
  ENFILE: 'the machine has no free descriptor. Raise fs.file-max with sysctl',
  EAGAIN: 'there may be no more processes. Raise TasksMax= of its unit, or ulimit -u',
  ENOMEM: 'the machine has no free memory',
};

function shortageWords(code: string): string {
  return shortages[code] ?? 'the system is short of something';
}

/** Why a hook is left out, as the end of a sentence about it. */
export const leftOutWords: { readonly [why in LeftOut]: string } = {
  masked: 'masked by a link to /dev/null',
  'switched-off': 'not executable: left out (chmod +x to switch it on)',
  folder: 'a folder: left out',
  gone: 'gone: removed before its turn',
};

function describeLeftOut(hook: string, why: LeftOut): Words {
  const text = `${hook} is ${leftOutWords[why]}`;
  return why === 'switched-off' ? info(text) : detail(text);
}

function describeDone(record: Extract<HookReport, { kind: 'hooks-done' }>): Words {
  const { transition, ran, failed, durationMs } = record;
  const text = `on_${transition.event} done: ${plural(ran, 'hook')} run in ${seconds(durationMs)}`;
  return failed === 0 ? info(text) : warning(`${text}, ${failed} failed`);
}

/** How a hook's run ended. */
export function describeEnd(hook: string, outcome: Outcome, durationMs: number): Words {
  const after = `after ${seconds(durationMs)}`;
  switch (outcome.kind) {
    case 'exited':
      return outcome.code === 0
        ? detail(`${hook} succeeded ${after}`)
        : error(`${hook} failed with exit code ${outcome.code} ${after}`);
    case 'killed':
      return error(`${hook} was ended by ${outcome.signal} ${after}`);
    case 'ended':
      return describeEnding(hook, outcome, after);
    case 'not-started':
      return error(`${hook} could not be started${whyNotStarted(outcome)}`);
    default:
      return outcome satisfies never;
  }
}

function whyNotStarted({ program, code }: Extract<Outcome, { kind: 'not-started' }>): string {
  if (program === groupSetter && code === 'ENOENT')
    return `: ${groupSetter} sets its user's groups, and is missing. Install util-linux`;
  // Root may run it, or it would not have come to this.
  if (code === 'EACCES')
    return ` (${code}): the user that it is given to may not reach, read or run it. See: ls -ld ${quote(program)}`;
  return ` (${code})`;
}

const endReasons: { readonly [why in EndReason]: string } = {
  timeout: 'it took too long',
  'engine-stops': 'Docker stops',
  'listener-ends': 'the listener ends',
};

function describeEnding(
  hook: string,
  { why, how }: Extract<Outcome, { kind: 'ended' }>,
  after: string,
): Words {
  const reason = `${after}, for ${endReasons[why]}`;
  switch (how) {
    case 'terminated': {
      const text = `${hook} was ended ${reason}`;
      return why === 'timeout' ? error(text) : info(text);
    }
    case 'killed':
      return error(`${hook} took no notice of SIGTERM and was killed ${reason}`);
    case 'given-up':
      return error(
        `${hook} could not even be killed, and was given up ${reason}: the kernel holds it, as over a file system that hangs`,
      );
    default:
      return how satisfies never;
  }
}

function label({ event, sequence }: Transition): string {
  return `on_${event} (${sequence})`;
}
