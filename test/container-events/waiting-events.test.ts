import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { EventQueue } from '../../src/container-events/event-queue.ts';
import { EventStartTurns } from '../../src/container-events/event-starts.ts';
import { WaitingEvents } from '../../src/container-events/waiting-events.ts';
import { defaultHookSettings } from '../../src/hooks/settings.ts';
import type { Delivery } from '../../src/watch/lifecycle/engine-event.ts';
import { eventOf } from '../support/events.ts';
import { createHookStage, type HookStage, transition } from '../support/hook-stage.ts';
import { processorTime } from '../support/processor-time.ts';
import { waitFor } from '../support/wait-for.ts';

let stage: HookStage | undefined;
afterEach(async () => {
  await stage?.clear();
  stage = undefined;
});

function told(number: number, id: string, action = 'start'): Delivery {
  const event = eventOf('container', action, id, `1795559${String(number).padStart(12, '0')}`, {
    name: `name-${id}`,
    image: 'busybox',
  });
  return { number, event, reason: 'event', repeat: false };
}

describe('the time that an event takes does not grow with how many wait', () => {
  test.each([
    ['of new containers', (number: number) => `new-${number}`, 3],
    ['of two containers', (number: number) => `c-${number % 2}`, 2],
  ] as const)('%s', async (_, idOf, busy) => {
    const there = createHookStage();
    stage = there;
    there.hook('on_container_start/10-slow', 'sleep 600');
    const events = Array.from({ length: 12_000 }, (_, number) => told(number, idOf(number)));
    const timeWith = async (most: number) => {
      const queue = new EventQueue({
        host: {
          ...there.host,
          settings: {
            ...defaultHookSettings,
            events: { ...defaultHookSettings.events, parallel: 3, waiting: most },
          },
        },
        transition: () => transition('start'),
        keeper: { begin() {}, cut() {}, left() {}, done() {} },
        starts: new EventStartTurns(1).join(),
        signal: there.ending.signal,
      });
      for (const event of events.slice(0, 6000)) queue.push(event);
      // All of `parallel` run, or one for each container.
      await waitFor(() => queue.snapshot().running.length === busy);
      const time = processorTime(() => {
        for (const event of events.slice(6000)) queue.push(event);
      });
      expect(queue.snapshot().waiting).toBe(most);
      return time;
    };
    await timeWith(20);
    const few = await timeWith(20);
    expect(await timeWith(5000)).toBeLessThan(6 * few + 20);
  });
});

/** An entry of a plain list that does the same and is looked through each time. */
interface Plain {
  readonly delivery: Delivery;
  merged: number;
}

function isSame(one: Plain, other: Plain): boolean {
  return (
    one.delivery.event.id === other.delivery.event.id &&
    one.delivery.event.action === other.delivery.event.action
  );
}

test('each event is taken, merged or given up once; those of a container stay in order', () => {
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ id: fc.constantFrom('a', 'b', 'c'), action: fc.constantFrom('start', 'die') }),
    },
    { weight: 2, arbitrary: fc.constantFrom('take' as const, 'room' as const) },
    { weight: 1, arbitrary: fc.constantFrom('keep' as const) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.subarray(['a', 'b', 'c']), (steps, busy) => {
      const waiting = new WaitingEvents();
      const plain: Plain[] = [];
      const isFree = (subject: string) => !busy.includes(subject);
      for (const [number, one] of steps.entries()) {
        if (one === 'take') {
          const expected = plain.findIndex((entry) => isFree(entry.delivery.event.id));
          const [entry] = expected === -1 ? [] : plain.splice(expected, 1);
          const taken = waiting.take(isFree);
          expect([taken?.delivery.number, taken?.merged]).toEqual([entry?.delivery.number, entry?.merged]);
        } else if (one === 'room') {
          const before = plain.length;
          const hadPair = plain.some((entry) =>
            plain.some((other) => other !== entry && isSame(other, entry)),
          );
          const removed = waiting.makeRoom();
          expect(removed?.how).toBe(before === 0 ? undefined : hadPair ? 'merged' : 'given-up');
          // The choice among several kinds is its own; the plain list follows it.
          const at = plain.findIndex((entry) => entry.delivery.number === removed?.delivery.number);
          const [gone] = at === -1 ? [] : plain.splice(at, 1);
          if (gone === undefined) continue;
          const into = plain.find((entry) => isSame(entry, gone));
          if (hadPair && into !== undefined) into.merged += gone.merged + 1;
          if (!hadPair) expect(at).toBe(0);
        } else if (one === 'keep') {
          const out = plain.filter(({ delivery: { event } }) => event.action === 'start');
          plain.splice(0, plain.length, ...plain.filter((entry) => !out.includes(entry)));
          expect(waiting.takeOngoing().map(({ number: which }) => which)).toEqual(
            out.map((entry) => entry.delivery.number),
          );
        } else {
          const next = told(number, one.id, one.action);
          waiting.push(next);
          plain.push({ delivery: next, merged: 0 });
        }
        expect(waiting.length).toBe(plain.length);
        expect(waiting.bytes > 0).toBe(plain.length > 0);
      }
      for (const entry of plain.filter(({ delivery: { event } }) => isFree(event.id)))
        expect(waiting.take(isFree)).toMatchObject({ delivery: entry.delivery, merged: entry.merged });
      expect(waiting.take(isFree)).toBeUndefined();
    }),
    { numRuns: 1000 },
  );
});
