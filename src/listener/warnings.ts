import type { ListenerEvent } from './events.ts';
import type { HookWarning, Timestamp } from './journal/record.ts';

/** A warning of a hook, listed beside what came of its runs until a run that began later succeeds. */
export interface Warned {
  readonly kind: 'warned';
  readonly engine: string;
  readonly name: string;
  readonly time: Timestamp;
  readonly warning: HookWarning;
}

/** The hooks to keep warnings of; each has one of a kind at most. */
const most = 20;

/** The last warnings of each hook, until a run that began after them succeeds or the hook is switched off. */
export class Warnings {
  readonly #now: () => Date;
  /** By engine and hook. `later` is the run that has begun since the last of them. */
  readonly #warned = new Map<string, { readonly warnings: readonly Warned[]; readonly later?: string }>();

  constructor(now: () => Date) {
    this.#now = now;
  }

  /** Takes any event. */
  note(event: ListenerEvent): void {
    switch (event.kind) {
      case 'hook-warned':
        return this.#add(event.engine, event.hook, event.warning);
      case 'hook-started': {
        const found = this.#warned.get(keyOf(event));
        if (found !== undefined) this.#warned.set(keyOf(event), { ...found, later: event.run });
        return;
      }
      case 'hook-ended': {
        const { run, outcome } = event;
        const hasSucceeded = outcome.kind === 'exited' && outcome.code === 0;
        if (hasSucceeded && this.#warned.get(keyOf(event))?.later === run) this.#warned.delete(keyOf(event));
        return;
      }
      case 'hook-left-out':
        this.#warned.delete(keyOf(event));
        return;
    }
  }

  /** Drops the warnings of the hooks with these names. */
  forget(isGone: (name: string) => boolean): void {
    for (const [key, { warnings }] of this.#warned) {
      if (warnings.some(({ name }) => isGone(name))) this.#warned.delete(key);
    }
  }

  /** In no order. */
  list(): readonly Warned[] {
    return [...this.#warned.values()].flatMap(({ warnings }) => warnings);
  }

  #add(engine: string, name: string, warning: HookWarning): void {
    const key = keyOf({ engine, hook: name });
    const before = this.#warned.get(key)?.warnings ?? [];
    const others = before.filter((one) => one.warning.kind !== warning.kind);
    const time = this.#now().toISOString();
    this.#warned.delete(key);
    this.#warned.set(key, { warnings: [...others, { kind: 'warned', engine, name, time, warning }] });
    const [oldest] = this.#warned.keys();
    if (this.#warned.size > most && oldest !== undefined) this.#warned.delete(oldest);
  }
}

function keyOf({ engine, hook }: { readonly engine: string; readonly hook: string }): string {
  return `${engine} ${hook}`;
}
