import type { SeenContainer } from '../../src/container-events/compare.ts';
import { parseEvent } from '../../src/container-events/stream.ts';
import { type EventName, eventWord } from '../../src/hooks/engine-events.ts';
import type { EngineEvent } from '../../src/watch/lifecycle/engine-event.ts';

/** One event as an engine writes it. */
export function eventLine(
  type: string,
  action: string,
  id: string,
  timeNano: string,
  attributes: Readonly<Record<string, string>> = {},
): string {
  const actor = { ID: id, Attributes: attributes };
  const told = {
    Type: type,
    Action: action,
    Actor: actor,
    scope: 'local',
    time: Number(timeNano.slice(0, -9)),
  };
  return `${JSON.stringify(told).slice(0, -1)},"timeNano":${timeNano}}`;
}

export function eventOf(...words: Parameters<typeof eventLine>): EngineEvent {
  const event = parseEvent(eventLine(...words));
  if (event === undefined) throw new Error('That is no event');
  return event;
}

interface Inside {
  isRunning: boolean;
  started: string | undefined;
  finished: string | undefined;
}

/** What goes on in an engine, without the engine: containers, the events that they make, and what it remembers. */
export class EngineModel {
  readonly containers = new Map<string, Inside>();
  /** Everything that ever happened, in order. */
  readonly history: EngineEvent[] = [];
  readonly #most: number;
  memory: EngineEvent[] = [];
  readonly listeners = new Set<(event: EngineEvent) => void>();
  #now = 1_700_000_000_000_000_000n;

  /** @param most how many events it remembers; real ones 256 */
  constructor(most = 256) {
    this.#most = most;
  }

  /** Lets time pass on its clock. */
  sleep(seconds: number): void {
    this.#now += BigInt(seconds) * 1_000_000_000n;
  }

  /** What its clock says; each look a nanosecond later. */
  get clock(): string {
    this.#now += 1n;
    return String(this.#now);
  }

  start(id: string): void {
    if (this.containers.get(id)?.isRunning) return;
    this.containers.set(id, { isRunning: true, started: this.clock, finished: undefined });
    this.publish('container', 'start', id, { name: `name-${id}`, image: 'busybox' });
  }

  die(id: string, exitCode = 0): void {
    const inside = this.containers.get(id);
    if (!inside?.isRunning) return;
    this.containers.set(id, { ...inside, isRunning: false, finished: this.clock });
    this.publish('container', 'die', id, {
      name: `name-${id}`,
      image: 'busybox',
      exitCode: String(exitCode),
    });
  }

  /** Sends a signal, as `docker stop` and `docker kill` do. */
  kill(id: string, signal = 15): void {
    if (!this.containers.get(id)?.isRunning) return;
    const attributes = { name: `name-${id}`, image: 'busybox', signal: String(signal) };
    this.publish('container', 'kill', id, attributes);
  }

  remove(id: string): void {
    if (this.containers.get(id)?.isRunning) return;
    this.containers.delete(id);
  }

  /** Something that happens, and that no hook is for. */
  noise(): void {
    this.publish('container', 'exec_start', 'health', {});
  }

  publish(type: string, action: string, id: string, attributes: Readonly<Record<string, string>>): void {
    const event = eventOf(type, action, id, this.clock, attributes);
    this.history.push(event);
    this.memory = [...this.memory, event].slice(-this.#most);
    for (const listener of this.listeners) listener(event);
  }

  /** It ends, and with it what it ran; and starts again, with an empty memory. */
  restart(): void {
    this.memory = [];
    for (const [id, inside] of this.containers) {
      if (inside.isRunning) this.containers.set(id, { ...inside, isRunning: false, finished: this.clock });
    }
  }

  /** What it remembers since then, as engines look for it: from the newest back to the first that is too old. */
  since(time: string, names?: readonly EventName[]): EngineEvent[] {
    const words = names?.map(eventWord);
    const tooOld = this.memory.findLastIndex(({ timeNano }) => BigInt(timeNano) < BigInt(time));
    return this.memory.slice(tooOld + 1).filter((event) => words?.includes(eventWord(event)) ?? true);
  }

  seen(): SeenContainer[] {
    return [...this.containers].map(([id, { isRunning, started, finished }]) => ({
      id,
      isRunning,
      started,
      finished,
      exitCode: isRunning ? undefined : 0,
      attributes: { name: `name-${id}`, image: 'busybox' },
    }));
  }
}
