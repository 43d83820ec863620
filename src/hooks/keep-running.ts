import { type AwakeTimer, afterAwake } from '../system/awake-timer.ts';
import { Backoff } from '../system/backoff.ts';
import type { Transition } from '../watch/lifecycle/transition.ts';
import type { Candidate } from './find.ts';
import type { HookHost } from './report.ts';
import type { EndReason, HookRun } from './run.ts';
import { admitAndStart, type StartedHook, usableFolder } from './start.ts';

/** One hook of `while_running`. */
export type KeptState =
  | { readonly phase: 'running'; readonly hook: StartedHook }
  /** It has ended; `at` is its next start, in milliseconds since the epoch. */
  | { readonly phase: 'waiting'; readonly name: string; readonly at: number }
  /** It is not admitted, or not any more, until the engine starts the next time. */
  | { readonly phase: 'out'; readonly name: string };

/** The hooks of `while_running`, which run as long as the engine is up. */
export class KeptHooks {
  /** Resolves when none runs any more, which takes `end`. Never rejects. */
  readonly done: Promise<void>;
  readonly #hooks: readonly KeptHook[];

  private constructor(hooks: readonly KeptHook[]) {
    this.#hooks = hooks;
    this.done = Promise.all(hooks.map(({ done }) => done)).then(() => {});
  }

  /**
   * Starts all hooks of `while_running` at the same time, and each again when it ends, after a pause that doubles until
   * a run lasts. Each is checked before each start.
   * @returns undefined where there are none; `while_running` is optional
   */
  static start(host: HookHost, transition: Transition): KeptHooks | undefined {
    const folder = usableFolder(host, 'while_running');
    if (folder?.kind !== 'found') return undefined;
    for (const hook of folder.unsupportedNames) host.report({ kind: 'name-refused', hook });
    const hooks = folder.candidates.map((candidate) => new KeptHook(host, candidate, transition));
    return hooks.length === 0 ? undefined : new KeptHooks(hooks);
  }

  states(): readonly KeptState[] {
    return this.#hooks.map((hook) => hook.state);
  }

  end(why: EndReason): void {
    for (const hook of this.#hooks) hook.stop((run) => run.end(why));
  }

  kill(why: EndReason): void {
    for (const hook of this.#hooks) hook.stop((run) => run.kill(why));
  }
}

/**
 * One of them.
 *
 * ```
 *   running ◀── pause over ─── waiting          stop() while running: done at its end
 *      ├─────── ended ──────────▶┘              stop() in another state: done at once
 *      └─────── not admitted ──▶ out (done)
 * ```
 */
class KeptHook {
  readonly done: Promise<void>;
  readonly #host: HookHost;
  readonly #candidate: Candidate;
  readonly #transition: Transition;
  #finish: () => void = () => {};
  #state: KeptState;
  readonly #backoff: Backoff;
  #timer: AwakeTimer | undefined;
  #isStopping = false;

  constructor(host: HookHost, candidate: Candidate, transition: Transition) {
    this.#host = host;
    this.#candidate = candidate;
    this.#transition = transition;
    this.#backoff = new Backoff(host.settings.restart);
    this.#state = { phase: 'out', name: candidate.name };
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#start();
  }

  get state(): KeptState {
    return this.#state;
  }

  stop(act: (run: HookRun) => void): void {
    this.#isStopping = true;
    if (this.#state.phase === 'running') return act(this.#state.hook.run);
    this.#timer?.cancel();
    this.#finish();
  }

  #start(): void {
    const occasion = { event: 'running', transition: this.#transition } as const;
    const hook = admitAndStart(this.#host, this.#candidate, occasion);
    if (hook === undefined) {
      this.#state = { phase: 'out', name: this.#candidate.name };
      return this.#finish();
    }
    this.#state = { phase: 'running', hook };
    void hook.ended.then(({ durationMs }) => {
      if (this.#isStopping) this.#finish();
      else this.#startLater(durationMs);
    });
  }

  #startLater(ranFor: number): void {
    const { name } = this.#candidate;
    if (ranFor >= this.#host.settings.restart.steady) this.#backoff.reset();
    const afterMs = this.#backoff.next();
    this.#host.report({ kind: 'hook-restarts', hook: name, afterMs });
    this.#state = { phase: 'waiting', name, at: Date.now() + afterMs };
    this.#timer = afterAwake(afterMs, () => this.#start());
  }
}
