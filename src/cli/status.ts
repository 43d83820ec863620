import type { Failure } from '../listener/failures.ts';
import type { EngineStatus, EventsStatus, StatedTransition, Status } from '../listener/status.ts';
import { retryWords } from '../listener/words/activities.ts';
import { describeEvent } from '../listener/words/events.ts';
import { describeFailure } from '../listener/words/failure.ts';
import { about, engineName, reasonWords, sources } from '../listener/words/transitions.ts';
import { describeCutTurn } from '../listener/words/turns.ts';
import { printableText } from '../system/printable.ts';
import { exitCode, UserError } from '../system/user-error.ts';
import { age, clock, megabytes, plural } from '../system/words.ts';
import { statusIn } from './answers.ts';
import { findListener, howToStart, ifRunning } from './listener.ts';
import type { EngineRequest } from './listener-request.ts';
import { calledAs } from './plugin/call.ts';
import { print, remark } from './print.ts';
import { during } from './progress.ts';
import { foldLine, widthOf } from './screen.ts';
import { type Style, styleFor } from './style.ts';
import { engineCalled, notWatched } from './which-engine.ts';

/** Exit codes of its own, as those of init scripts (LSB): 0 up, 3 down, 4 unknown. */
export const statusCode = { up: 0, down: 3, unknown: 4 } as const;

/**
 * Tells how things are.
 * @returns the exit code
 */
export async function showStatus(command: EngineRequest): Promise<number> {
  const { client, path } = findListener(command);
  const asking = during(
    'Waiting for the listener to answer',
    ifRunning(client.get('/v1/status').then(statusIn)),
  );
  const found = await asking;
  if (found === undefined) {
    const nothing = { version: 1, listener: null, engines: [], failures: [] };
    print(
      command.json
        ? `${JSON.stringify(nothing)}\n`
        : `The listener is not running: no process answers at ${path}\n  ${howToStart()}\n`,
    );
    return statusCode.unknown;
  }
  const status = ofEngine(found, command.engine);
  const style = styleFor(process.stdout, command.noColor);
  const width = widthOf(process.stdout);
  print(command.json ? `${JSON.stringify(status)}\n` : describeStatus(status, new Date(), style, width));
  return codeFor(status.engines);
}

/**
 * Has the listener serve its page, and prints its address; opens no browser.
 * @returns the exit code
 * @throws UserError with exit code 69 when no listener runs
 */
export async function showPage(command: EngineRequest): Promise<number> {
  const { client, path } = findListener(command);
  const answer = (await ifRunning(client.post('/v1/page'))) as { readonly url: string } | undefined;
  if (answer === undefined) {
    const fix = `What it did until then: ${calledAs()} history --html FILE. ${howToStart()}`;
    throw new UserError(
      exitCode.unavailable,
      `The listener is not running: no process answers at ${path}`,
      fix,
    );
  }
  if (command.json) {
    print(`${JSON.stringify(answer)}\n`);
    return exitCode.done;
  }
  print(`${answer.url}\n`);
  // Docker's own --context stands before many a command, and is meant for none in particular.
  if (command.engine !== undefined) remark('The page shows every engine that the listener watches.\n');
  const { port } = new URL(answer.url);
  remark(
    'Open it in a browser on this machine. Anyone with the address can read the output of hooks: keep it to yourself.\n' +
      `From elsewhere: ssh -L ${port}:127.0.0.1:${port} THIS-MACHINE, and then the same address there.\n` +
      'It is closed ten minutes after the last browser has left.\n',
  );
  return exitCode.done;
}

/**
 * The part of it that is about one engine; all of it where none is named.
 * @throws UserError with exit code 64 for one that the listener does not watch
 */
export function ofEngine(status: Status, engine: string | undefined): Status {
  if (engine === undefined) return status;
  const named = engineCalled(engine, status.engines);
  if (named === undefined) throw notWatched(engine, status.engines);
  return {
    ...status,
    engines: [named],
    failures: status.failures.filter((failure) => failure.engine === named.name),
  };
}

/** The publisher in one line; with what keeps it from publishing, in two. */
function describeFleet(fleet: Status['fleet']): readonly string[] {
  if (fleet === undefined) return [];
  const { name, server, behind, clockSkewMs, problem } = fleet;
  const late = behind === null || behind === 0 ? '' : `, ${plural(behind, 'record')} behind`;
  const skew =
    clockSkewMs === null || Math.abs(clockSkewMs) < 1000
      ? ''
      : `; its clock is ${age(Math.abs(clockSkewMs))} ${clockSkewMs > 0 ? 'ahead' : 'behind'}`;
  if (server !== null) return ['', `Fleet: publishes as ${name} to ${server}${late}${skew}`];
  const why = problem === null ? 'connecting' : printableText(problem.text);
  return [
    '',
    `Fleet: does not publish as ${name}${late}: ${why}`,
    ...(problem === null ? [] : [`  ${printableText(problem.fix)}`]),
  ];
}

function codeFor(engines: readonly EngineStatus[]): number {
  const states = engines.map(({ state }) => state);
  if (states.length === 0 || states.includes('unknown')) return statusCode.unknown;
  return states.every((state) => state === 'up') ? statusCode.up : statusCode.down;
}

/**
 * For a person: engines first, then what went wrong, then the listener itself.
 * @param columns how wide the terminal is; undefined for no limit
 */
export function describeStatus(status: Status, now: Date, style: Style, columns?: number): string {
  const { listener, engines, failures } = status;
  const since = new Date(listener.since);
  const notifier =
    listener.notifier.mode === 'off' ? 'no notifier' : `notifiers on port ${listener.notifier.port}`;
  return [
    ...engines.flatMap((engine) => describeEngine(engine, now, style)).map((line) => foldLine(line, columns)),
    ...describeFleet(status.fleet).map((line) => foldLine(line, columns)),
    ...(failures.length === 0 ? [] : ['', style.strong('Failing hooks')]),
    ...failures.map((failure) => describeOne(failure, now, style, columns)),
    ...(failures.length === 0 ? [] : [foldLine(style.faint(`  ${howItGoes(failures)}`), columns)]),
    '',
    foldLine(
      style.faint(
        `Listener ${listener.version}, pid ${listener.pid}, running for ${age(now.getTime() - since.getTime())}, ` +
          `${megabytes(listener.memory)}, ${notifier}`,
      ),
      columns,
    ),
    style.faint(`Hooks in ${printableText(listener.scriptDir)}`),
    '',
  ].join('\n');
}

function describeEngine(engine: EngineStatus, now: Date, style: Style): string[] {
  const { state, last, pid, software } = engine;
  const which = `${engineName(software)} at ${printableText(engine.url)}`;
  const paint = state === 'up' ? style.good : state === 'down' ? style.bad : style.strong;
  // A state that the listener found at its start may be much older.
  const atLeast = last?.reason === 'listener-started' ? ' at least' : '';
  const since =
    last === null ? '' : `${atLeast} since ${clock(new Date(last.time), now)} (${ago(last, now)})`;
  const details = [
    ...(pid === null ? [] : [`pid ${pid}`]),
    ...(last === null ? [] : [reasonWords(last.reason).status, about(software, sources[last.source].status)]),
  ];
  const { current, waiting, kept } = engine.hooks;
  return [
    `${which}: ${paint(states[state])}${since}${details.length === 0 ? '' : `; ${details.join(', ')}`}`,
    ...(current === null ? [] : [`  running   ${describeCurrent(current, now)}`]),
    ...(waiting.length === 0
      ? []
      : [`  waiting   ${waiting.map(({ event, reason }) => `on_${event} (${reason})`).join(', ')}`]),
    ...(engine.hooks.cut ?? []).map((cut) => `  cut off   ${printableText(describeCutTurn(cut))}`),
    ...kept.map(({ name, phase, at }) => {
      const when =
        at === null ? '' : phase === 'running' ? ` for ${age(now.getTime() - Date.parse(at))}` : '';
      return `  kept      ${printableText(name)}: ${phases[phase]}${when}`;
    }),
    ...(engine.events === null ? [] : describeEvents(engine.events, now)),
  ];
}

function describeEvents(events: EventsStatus, now: Date): string[] {
  const { phase, names, running, collecting = [], waiting, told, merged, givenUp } = events;
  const lost = [
    ...(merged === 0 ? [] : [`${merged} merged`]),
    ...(givenUp === 0 ? [] : [`${givenUp} given up`]),
  ];
  const counts = [`${told} acted on`, ...(waiting === 0 ? [] : [`${waiting} waiting`]), ...lost].join(', ');
  return [
    `  events    ${names.length === 0 ? 'no folder for any' : names.join(', ')}: ${eventPhases[phase]}; ${counts}`,
    ...running.map(({ told: label, hook }) => {
      const which =
        hook === null ? '' : `${printableText(hook.name)} for ${ago({ time: hook.since }, now)}, `;
      return `  running   ${which}${describeEvent(label)}`;
    }),
    ...collecting.map(
      ({ hook, events: count, since }) =>
        `  collects  ${printableText(hook)}: ${plural(count, 'event')} in ${ago({ time: since }, now)}`,
    ),
  ];
}

const eventPhases: { readonly [phase in EventsStatus['phase']]: string } = {
  off: 'not read',
  opening: 'about to be read',
  reading: 'being read',
  waiting: 'cut off, read again soon',
};

function ago({ time }: Pick<StatedTransition, 'time'>, now: Date): string {
  return age(now.getTime() - Date.parse(time));
}

function describeCurrent(current: NonNullable<EngineStatus['hooks']['current']>, now: Date): string {
  const { event, reason, hook } = current;
  if (hook === null) return `on_${event} (${reason})`;
  const { attempt } = hook;
  if (attempt !== undefined && attempt.at !== null)
    return `${printableText(hook.name)} ${retryWords(attempt, now)} (${reason})`;
  const pid = hook.pid === null ? '' : `, pid ${hook.pid}`;
  return `${printableText(hook.name)} for ${age(now.getTime() - Date.parse(hook.since))}${pid} (${reason})`;
}

function describeOne(failure: Failure, now: Date, style: Style, columns: number | undefined): string {
  const { text, fix } = describeFailure(failure);
  const time = style.faint(clock(new Date(failure.time), now));
  const line = foldLine(`  ${time} ${style.bad(printableText(text))}`, columns);
  // The fix stays on one line, to be copied.
  return `${line}\n    ${printableText(fix)}`;
}

/** Says when a failure leaves the list, for users who have fixed one. */
function howItGoes(failures: readonly Failure[]): string {
  const events = ['start', 'stop'].filter((event) => failures.some(({ name }) => isOf(event, name)));
  const byHand = events.length === 0 ? '' : `. To run it now: ${calledAs()} trigger ${events.join('|')}`;
  return `Listed until the next successful run${byHand}`;
}

function isOf(event: string, name: string): boolean {
  return name === `on_${event}` || name.startsWith(`on_${event}/`);
}

const states: { readonly [state in EngineStatus['state']]: string } = {
  up: 'up',
  down: 'down',
  stopping: 'stopping',
  unknown: 'not known yet',
};

const phases: { readonly [phase in 'running' | 'waiting' | 'out']: string } = {
  running: 'running',
  waiting: 'ended, starting again soon',
  out: 'may not run',
};
