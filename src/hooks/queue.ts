import type { Transition } from '../watch/lifecycle/transition.ts';
import type { EarlierHook, OpenTurn } from '../watch/lifecycle/turn.ts';
import type { RunningHook } from './attempts.ts';
import { type BatchResult, HookBatch } from './batch.ts';
import { KeptHooks, type KeptState } from './keep-running.ts';
import type { HookHost, HookReport } from './report.ts';
import { reportOnce } from './report-once.ts';
import { noTurnLog, type TurnLog } from './turn.ts';

/** The result of a transition's hooks; `left-out` when they never began. */
export type TurnResult = BatchResult | 'left-out';

/** A request of a user to run hooks. */
export interface HookRequest {
  /** The name of the one hook to run; all of the event when it is missing. */
  readonly only: string | undefined;
  /** Receives the reports of these hooks, as the log does. */
  readonly report: (report: HookReport) => void;
  /** Aborted when the client has disconnected: a request that has not begun is withdrawn then. */
  readonly gone?: AbortSignal;
}

export interface HookSnapshot {
  readonly current: { readonly transition: Transition; readonly hook: RunningHook | undefined } | undefined;
  readonly waiting: readonly Transition[];
  readonly kept: readonly (
    | { readonly phase: 'running'; readonly hook: RunningHook }
    | Exclude<KeptState, { phase: 'running' }>
  )[];
}

/** An entry of the queue. */
interface Entry {
  readonly transition: Transition;
  readonly work: Work;
  readonly over: (result: TurnResult) => void;
  readonly ended: Promise<TurnResult>;
}

type Work =
  /** The hooks of a transition; `past` is what earlier listeners have done of them. */
  | { readonly kind: 'turn'; readonly past: Omit<OpenTurn, 'transition'> }
  /** Only the hooks of `while_running`. */
  | { readonly kind: 'kept' }
  | { readonly kind: 'request'; readonly request: HookRequest };

/** Most entries when a request is accepted. Transitions are always accepted, and are two at most. */
const mostWaiting = 32;

/**
 * The transitions of one engine whose hooks are run, in order, one at a time.
 *
 * ```
 *   push, restore, resume, request
 *        │
 *        ▼      a stop: starts that wait are left out, and its own entry where one stands for it
 *     waiting ──────────────────────────────────────────────────────────────▶ left-out
 *        │ first in the queue                                                  ▲
 *        ▼                                                                     │ request withdrawn,
 *   ending what is kept running (not for a request)                            │ listener ends
 *        ▼
 *     batch ──── a stop ends the batch of a start ────▶ cut-short
 *        │
 *        ▼
 *     complete ──── of a start ────▶ keeps `while_running` running
 * ```
 *
 * Hooks alternate as transitions do, and the last of them is what holds. A stop overtakes the starts before it, so that
 * on_stop does not wait for an on_start that has lost its point: starts that have not begun are left out, and the hooks of
 * one that runs are ended. A start waits for the on_stop before it. When a start is left out, so is the stop behind it:
 * nothing was done since the on_stop before, which runs, waits or is done.
 *
 * With an empty queue, the first hook of a transition has been started when `push` returns; a stop may first have to end
 * hooks.
 */
export class HookQueue {
  readonly #host: HookHost;
  readonly #signal: AbortSignal;
  readonly #log: TurnLog;
  #waiting: Entry[] = [];
  /** The last transition whose hooks have begun; requests do not count. */
  #begun: Entry | undefined;
  #batch: HookBatch | undefined;
  #kept: KeptHooks | undefined;
  #isWorking = false;
  #worked: Promise<void> = Promise.resolve();

  /**
   * @param signal ends everything: the hook that runs has its grace, the rest is left to the next listener
   * @param log persists the progress of each transition's hooks
   */
  constructor(host: HookHost, signal: AbortSignal, log: TurnLog = noTurnLog) {
    this.#host = { ...host, report: reportOnce(host.report) };
    this.#signal = signal;
    this.#log = log;
    signal.addEventListener('abort', () => this.#end(), { once: true });
    host.atOnce.addEventListener('abort', () => this.#kill(), { once: true });
  }

  /**
   * Runs the hooks of a transition when those before it are done; at once with an empty queue.
   * @param earlier hooks that an earlier listener began for it
   * @returns the result, or that of the hooks that stand for them; never rejects
   */
  push(transition: Transition, earlier: readonly EarlierHook[] = []): Promise<TurnResult> {
    if (this.#signal.aborted) return leftOut;
    if (transition.event === 'stop') {
      const substitute = this.#overtakeStarts();
      if (substitute !== undefined) {
        this.#host.report({ kind: 'hooks-not-repeated', transition });
        this.#log.close(transition.sequence);
        return substitute.ended;
      }
    }
    return this.#add(transition, { kind: 'turn', past: earlier.length === 0 ? {} : { earlier } });
  }

  /** Continues the hooks of a transition that an earlier listener did not finish. Returns as `push` does. */
  restore({ transition, ...past }: OpenTurn): Promise<TurnResult> {
    return this.#signal.aborted ? leftOut : this.#add(transition, { kind: 'turn', past });
  }

  /** The engine is up, and its on_start is not to run: starts the hooks of `while_running` alone. */
  resume(transition: Transition): void {
    if (!this.#signal.aborted) void this.#add(transition, { kind: 'kept' });
  }

  /**
   * Runs hooks that a user requests. The engine's state is the same, so they overtake nothing, and `while_running` is left
   * alone.
   */
  request(transition: Transition, request: HookRequest): Promise<TurnResult> {
    if (this.#signal.aborted) return leftOut;
    if (this.#waiting.length >= mostWaiting) {
      this.#host.report({ kind: 'hooks-dropped', transition });
      return leftOut;
    }
    request.gone?.addEventListener('abort', () => this.#withdraw(request), { once: true });
    return this.#add(transition, { kind: 'request', request });
  }

  /** Resolves when no hook runs and none waits; those of `while_running` count only once the signal has ended them. */
  async idle(): Promise<void> {
    await this.#worked;
    if (this.#signal.aborted) await this.#kept?.done;
  }

  snapshot(): HookSnapshot {
    const batch = this.#batch;
    return {
      current: batch && { transition: batch.transition, hook: batch.current() },
      waiting: this.#waiting.map(({ transition }) => transition),
      kept: (this.#kept?.states() ?? []).map((state) => {
        if (state.phase !== 'running') return state;
        const { name, id, startedAt, run } = state.hook;
        return { phase: 'running', hook: { name, id, pid: run.pid, startedAt } };
      }),
    };
  }

  #add(transition: Transition, work: Work): Promise<TurnResult> {
    let over: Entry['over'] = () => {};
    const ended = new Promise<TurnResult>((resolve) => {
      over = resolve;
    });
    this.#waiting.push({ transition, work, over, ended });
    if (!this.#isWorking) this.#worked = this.#workOff();
    return ended;
  }

  async #workOff(): Promise<void> {
    this.#isWorking = true;
    for (let entry = this.#waiting.shift(); entry !== undefined; entry = this.#waiting.shift()) {
      const { transition, work } = entry;
      if (work.kind !== 'request') {
        // Also while `while_running` is being ended: the hooks of this transition are next.
        this.#begun = entry;
        if (this.#kept !== undefined) {
          this.#kept.end('engine-stops');
          await this.#kept.done;
          this.#kept = undefined;
        }
      }
      let result: TurnResult = 'complete';
      this.#batch = this.#run(transition, work);
      if (this.#batch !== undefined) result = await this.#batch.done;
      this.#batch = undefined;
      // A stop that came meanwhile has cut it short.
      const isUp = work.kind !== 'request' && transition.event === 'start' && result === 'complete';
      if (isUp && !this.#signal.aborted) this.#kept = KeptHooks.start(this.#host, transition);
      entry.over(result);
    }
    this.#isWorking = false;
  }

  #run(transition: Transition, work: Work): HookBatch | undefined {
    switch (work.kind) {
      case 'turn':
        return HookBatch.runTurn(this.#host, { ...work.past, transition }, this.#log);
      case 'request': {
        const { only, report } = work.request;
        const reportBoth = (event: HookReport) => {
          this.#host.report(event);
          report(event);
        };
        return HookBatch.runRequested({ ...this.#host, report: reportBoth }, transition, only);
      }
      case 'kept':
        return undefined;
      default:
        return work satisfies never;
    }
  }

  /** @returns the stop whose hooks stand for those of the new one, if any do */
  #overtakeStarts(): Entry | undefined {
    const overtaken = this.#waiting.filter(({ transition }) => transition.event === 'start');
    for (const { transition, work, over } of overtaken) {
      if (work.kind === 'turn' && work.past.reached !== undefined)
        this.#host.report({ kind: 'turn-dropped', transition, rest: {}, why: 'engine-stopped' });
      else if (work.kind !== 'kept') this.#host.report({ kind: 'hooks-overtaken', transition });
      if (work.kind === 'turn') this.#log.close(transition.sequence);
      over('left-out');
    }
    this.#waiting = this.#waiting.filter((entry) => !overtaken.includes(entry));
    if (this.#batch?.transition.event === 'start') this.#batch.end('engine-stops');
    const before = this.#waiting.findLast(({ work }) => work.kind !== 'request') ?? this.#begun;
    const hasNotBegun = ({ work }: Entry) => work.kind === 'turn' && work.past.reached === undefined;
    return overtaken.some(hasNotBegun) && before?.transition.event === 'stop' ? before : undefined;
  }

  /** Removes a request from the queue; one that has begun goes on. */
  #withdraw(request: HookRequest): void {
    const found = this.#waiting.find(({ work }) => work.kind === 'request' && work.request === request);
    if (found === undefined) return;
    this.#waiting = this.#waiting.filter((entry) => entry !== found);
    this.#host.report({ kind: 'hooks-withdrawn', transition: found.transition });
    found.over('left-out');
  }

  #end(): void {
    for (const { over } of this.#waiting.splice(0)) over('left-out');
    this.#batch?.end('listener-ends');
    this.#kept?.end('listener-ends');
  }

  #kill(): void {
    this.#batch?.kill('listener-ends');
    this.#kept?.kill('listener-ends');
  }
}

const leftOut: Promise<TurnResult> = Promise.resolve('left-out');
