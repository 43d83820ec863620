import { copyFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { EventQueue } from '../../src/container-events/event-queue.ts';
import { EventStartTurns } from '../../src/container-events/event-starts.ts';
import { LedgerFile } from '../../src/container-events/ledger-file.ts';
import { inTurn, OpenEvents } from '../../src/container-events/open-events.ts';
import type { HookHost } from '../../src/hooks/report.ts';
import type { SingleHookSettings } from '../../src/hooks/settings.ts';
import { eventOf } from '../support/events.ts';
import { createHookStage, type HookStage, transition, waitForLines } from '../support/hook-stage.ts';
import { waitFor } from '../support/wait-for.ts';

let stage: HookStage;
afterEach(() => stage.clear());

const folder = 'on_container_start';

function prepare(hooks: Readonly<Record<string, SingleHookSettings>>): void {
  const named = Object.entries(hooks).map(([name, settings]) => [`${folder}/${name}`, settings] as const);
  stage = createHookStage({ grace: 200, hooks: new Map(named) });
}

/**
 * One life of a listener with one engine: it handles the pending events of the life before.
 * @param endsWith a hook with whose end it ends
 */
function live(endsWith?: string) {
  const ending = new AbortController();
  const host: HookHost = {
    ...stage.host,
    report(report) {
      stage.host.report(report);
      if (report.kind === 'hook-ended' && report.hook === endsWith) ending.abort();
    },
  };
  const keeper = new LedgerFile(stage.path('ledger'), 'never', () => {});
  const queue = new EventQueue({
    host,
    starts: new EventStartTurns(1).join(),
    transition: () => transition('start'),
    keeper,
    signal: ending.signal,
  });
  for (const delivery of keeper.pending) queue.push(delivery);
  return {
    queue,
    push(id: string): void {
      const event = eventOf('container', 'start', id, '1795559323636600001', { name: id, image: 'busybox' });
      queue.push(keeper.take(event, 'event'));
    },
    /** Ends as on SIGTERM, or leaves the ledger as on SIGKILL. */
    async end(how: 'SIGTERM' | 'SIGKILL'): Promise<void> {
      copyFileSync(stage.path('ledger'), stage.path('killed'));
      ending.abort();
      await queue.idle();
      keeper.close();
      if (how === 'SIGKILL') copyFileSync(stage.path('killed'), stage.path('ledger'));
    },
  };
}

/** A hook that writes its name, and its mark; `long` ones run on while there is no file `go`. */
function hook(name: string, isLong = false): void {
  const mark = `\${DOCKER_EVENT_POSSIBLE_REPEAT+ again}`;
  const wait = isLong ? `\n[ -e "${stage.path('go')}" ] || exec sleep 300` : '';
  stage.hook(`${folder}/${name}`, `echo "${name}${mark}" >>"${stage.path('out')}"${wait}`);
}

const passed = () => stage.of('hook-passed').map(({ hook: name, why, cuts }) => [name, why, cuts]);

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'a hook with repeat = false that %s cuts off is passed over; those behind it run',
  async (how) => {
    prepare({ '20-once': { repeat: false }, '30-once': { repeat: false } });
    hook('10-first');
    hook('20-once', true);
    hook('30-once');
    const first = live();
    first.push('a');
    await waitForLines(stage, 'out', 2);
    await first.end(how);
    stage.hook('go', '');
    const second = live();
    await second.queue.idle();
    expect(stage.lines('out')).toEqual(['10-first', '20-once', '30-once again']);
    expect(passed()).toEqual([[`${folder}/20-once`, 'repeat-off', 1]]);
    await second.end('SIGTERM');
    expect(live().queue.snapshot()).toMatchObject({ running: [], waiting: 0 });
  },
);

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'a hook with repeat = false that had ended is not run again when %s cuts off the next one',
  async (how) => {
    prepare({ '10-once': { repeat: false } });
    hook('10-once');
    hook('20-long', true);
    hook('30-last');
    const first = live();
    first.push('a');
    await waitForLines(stage, 'out', 2);
    await first.end(how);
    stage.hook('go', '');
    await live().queue.idle();
    expect(stage.lines('out')).toEqual(['10-once', '20-long', '20-long again', '30-last again']);
    expect(passed()).toEqual([]);
  },
);

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'a hook with repeat = false and debounce that %s cuts off runs for the events since',
  async (how) => {
    prepare({ '10-once': { repeat: false, debounce: { quiet: 50, atMost: 50 } } });
    stage.hook(
      `${folder}/10-once`,
      `echo "$DOCKER_EVENT_ID $DOCKER_EVENT_COUNT" >>"${stage.path('out')}"
      [ -e "${stage.path('go')}" ] || exec sleep 300`,
    );
    hook('20-each');
    const first = live();
    first.push('a');
    await waitForLines(stage, 'out', 2);
    // The ledger knows then that 20-each has run.
    await waitFor(() => stage.of('hook-ended').length === 1);
    await first.end(how);
    stage.hook('go', '');
    const second = live();
    second.push('b');
    await second.queue.idle();
    expect(stage.lines('out').slice(-2).sort()).toEqual(['20-each', 'b 1']);
    expect(stage.lines('out')).toHaveLength(4);
    expect(passed()).toEqual([[`${folder}/10-once`, 'repeat-off', 1]]);
  },
);

test('stop_on_failure holds for a hook that is passed over', async () => {
  prepare({ '10-once': { repeat: false, stopChainOnFailure: true } });
  hook('10-once', true);
  hook('20-next');
  const first = live();
  first.push('a');
  await waitForLines(stage, 'out', 1);
  await first.end('SIGKILL');
  await live().queue.idle();
  expect(stage.lines('out')).toEqual(['10-once']);
  expect(stage.of('chain-stopped')).toHaveLength(1);
});

test('a passed hook stays passed when the next listener is killed before a further hook begins', async () => {
  prepare({ '10-once': { repeat: false } });
  hook('10-once', true);
  hook('20-long', true);
  const first = live();
  first.push('a');
  await waitForLines(stage, 'out', 1);
  await first.end('SIGKILL');
  for (let life = 2; life <= 3; life += 1) {
    const next = live();
    await waitForLines(stage, 'out', life);
    await next.end('SIGKILL');
  }
  stage.hook('go', '');
  await live().queue.idle();
  expect(stage.lines('out')).toEqual(['10-once', '20-long again', '20-long again', '20-long again']);
  expect(passed()).toHaveLength(1);
});

test('a hook is not run again if the listener ends when the last of its event has just ended', async () => {
  prepare({});
  hook('10-first');
  hook('20-last');
  const first = live(`${folder}/20-last`);
  first.push('a');
  await waitFor(() => stage.of('event-done').length === 1);
  await first.end('SIGTERM');
  const second = live();
  await second.queue.idle();
  expect(stage.lines('out')).toEqual(['10-first', '20-last']);
});

test.each([false, true])(
  'a hook that was cut off stays marked if another of its event ends after it: tracking %s',
  (isTracking) => {
    prepare({});
    const keeper = new LedgerFile(stage.path('ledger'), 'never', () => {});
    const event = eventOf('container', 'start', 'a', '1795559323636600001', { name: 'a', image: 'busybox' });
    const { number } = keeper.take(event, 'event');
    const open = new OpenEvents(keeper, () => isTracking);
    open.open(
      number,
      [
        [inTurn, ['long']],
        ['burst', ['burst']],
      ],
      ['burst'],
      false,
    );
    open.start(number, inTurn, ['long']);
    open.start(number, 'burst', ['burst']);
    open.cut(number, inTurn);
    open.ended(number, 'burst');
    open.done(number, 'burst');
    keeper.close();
    const { pending } = new LedgerFile(stage.path('ledger'), 'never', () => {});
    expect(pending).toMatchObject([{ number, repeat: true, left: ['long'] }]);
  },
);
