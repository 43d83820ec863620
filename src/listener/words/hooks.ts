import type { LeftOut } from '../../hooks/admit.ts';
import { groupSetter } from '../../hooks/command.ts';
import type { HookReport } from '../../hooks/report.ts';
import type { Outcome } from '../../hooks/run.ts';
import { printable } from '../../system/printable.ts';
import { quote } from '../../system/shell-quote.ts';
import { bytes, detail, error, info, plural, seconds, type Words, warning } from '../../system/words.ts';
import type { Transition } from '../../watch/lifecycle/transition.ts';
import type { EventKinds, KeptKind, OfEngine } from '../events.ts';
import type { WhyLeftOut } from '../journal/record.ts';
import { eventHookWords } from './events.ts';
import { outcomeWords } from './outcomes.ts';
import { describeExposed, describeRefusal } from './refusal.ts';
import { leftOut } from './transitions.ts';
import { turnWords } from './turns.ts';

/** Hooks and their runs. */
export const hookWords: EventKinds<OfEngine<HookReport>> = {
  'hooks-found': (event) =>
    info(
      event.count === 0
        ? `No hooks in ${event.folder}`
        : `Running ${plural(event.count, 'hook')} in ${event.folder}`,
    ),
  'hooks-done': describeDone,
  'hooks-overtaken': leftOutKind('overtaken'),
  'hooks-not-repeated': leftOutKind('not-repeated'),
  'hooks-withdrawn': leftOutKind('withdrawn'),
  'hooks-dropped': leftOutKind('too-many'),
  'hooks-delayed': (event) =>
    warning(
      `Cannot look for the hooks of ${label(event.transition)} yet (${event.code}): ${shortageWords(event.code)}. Retrying`,
    ),
  'folder-missing': (event) => info(`There is no folder ${event.folder}: nothing to run at ${event.event}`),
  'folder-unreadable': (event) => error(`Cannot read ${event.folder} (${event.code}): its hooks do not run`),
  'folder-refused': {
    words: ({ folder, refusal }) => {
      const { found, fix } = describeRefusal(refusal);
      return error(`Skipping all of ${folder}: ${found}. ${fix}`);
    },
    record: ({ kind, engine, folder, refusal: { path, cause } }) => ({ kind, engine, folder, path, cause }),
  },
  'name-refused': (event) => error(`Skipping ${event.hook}: its name is not UTF-8. Rename it`),
  'hook-refused': {
    words: ({ hook, admission }) => {
      const { found, fix } = describeRefusal(admission);
      return error(`Skipping ${hook}: ${found}. ${fix}`);
    },
    record: ({ kind, engine, hook, admission: { path, cause } }) => ({ kind, engine, hook, path, cause }),
  },
  'hook-left-out': (event) => describeLeftOut(event.hook, event.why),
  'hook-linked': (event) =>
    warning(
      `${event.hook} has ${event.hardLinks} names (hard links): a change through another name changes it`,
    ),
  'hook-interpreter-exposed': ({ hook, ...exposed }) => {
    const { found, fix } = describeExposed(exposed);
    return warning(`${hook} runs, but ${found}. ${fix}`);
  },
  'hook-start-delayed': (event) =>
    warning(
      `Cannot start ${event.hook} yet (${event.code}): ${shortageWords(event.code)}. Retrying until it starts`,
    ),
  'hook-started': {
    words: ({ hook, attempt, repeat }) => {
      const which = attempt === undefined ? '' : `, attempt ${attempt}`;
      return detail(`${hook} started${repeat ? ' again: an earlier run was cut off' : ''}${which}`);
    },
    record: ({ kind, hook, run, transition, told, attempt, process, repeat }) => ({
      kind,
      hook,
      run,
      transition,
      ...(told === undefined ? {} : { told }),
      ...(attempt === undefined ? {} : { attempt }),
      ...(process === undefined ? {} : { process }),
      ...(repeat ? { repeat } : {}),
    }),
  },
  'hook-output': (event) => info(`${event.hook}: ${printable(event.line)}`),
  'hook-output-omitted': (event) =>
    warning(`${event.hook} prints faster than a log can take: left out ${bytes(event.bytes)}`),
  'hook-left-over': (event) =>
    warning(`${event.hook} still runs from before the listener was killed (pid ${event.pid}): ending it`),
  'chain-stopped': (event) => warning(`${event.hook} did not succeed: what comes after it is left out`),
  'hook-retries': (event) =>
    warning(
      `${event.hook} did not succeed: attempt ${event.attempt} of ${event.attempts} in ${seconds(event.afterMs)}`,
    ),
  'hook-restarts': (event) =>
    warning(
      `${event.hook} is to run while Docker does, and has ended: starting it again in ${seconds(event.afterMs)}`,
    ),
  'hook-running': (event) =>
    warning(`${event.hook} has been running for ${seconds(event.forMs)}; the hooks after it wait`),
  ...eventHookWords,
  ...turnWords,
  'hook-ended': {
    words: ({ hook, outcome, durationMs }) => describeEnd(hook, outcome, durationMs),
    // Its output is read after the hooks of this turn of the event loop are started.
    record:
      ({ kind, hook, run, outcome, durationMs, output }) =>
      () => ({ kind, hook, run, outcome, durationMs, output: output.text(), outputBytes: output.bytes }),
  },
};

/** Returns the entry of a transition of which no hook is run. */
function leftOutKind(why: WhyLeftOut): KeptKind<{ readonly transition: Transition }> {
  const { level, log } = leftOut[why];
  return {
    words: ({ transition }) => ({ level, text: log(label(transition)) }),
    record: ({ transition }) => ({ kind: 'hooks-left-out', transition, why }),
  };
}

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

function describeDone({
  transition,
  ran,
  failed,
  durationMs,
}: Extract<HookReport, { kind: 'hooks-done' }>): Words {
  const text = `on_${transition.event} done: ${plural(ran, 'hook')} run in ${seconds(durationMs)}`;
  return failed === 0 ? info(text) : warning(`${text}, ${failed} failed`);
}

/** Returns how a hook's run ended, as the log, `status` and `history` have it. */
export function describeEnd(hook: string, outcome: Outcome, durationMs: number): Words {
  const { level, log } = outcomeWords(outcome, durationMs);
  return { level, text: `${hook} ${log}${outcome.kind === 'not-started' ? whyNotStarted(outcome) : ''}` };
}

function whyNotStarted({ program, code }: Extract<Outcome, { kind: 'not-started' }>): string {
  if (program === groupSetter && code === 'ENOENT')
    return `: ${groupSetter} sets its user's groups, and is missing. Install util-linux`;
  // Root may run it, or it would not have come to this.
  if (code === 'EACCES')
    return ` (${code}): the user that it is given to may not reach, read or run it. See: ls -ld ${quote(program)}`;
  return ` (${code})`;
}

function label({ event, sequence }: Transition): string {
  return `on_${event} (${sequence})`;
}
