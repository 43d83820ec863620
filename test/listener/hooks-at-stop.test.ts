import { beforeEach, describe, expect, test } from 'vitest';
import type { ListenerEvent } from '../../src/listener/events.ts';
import { HooksAtStop } from '../../src/listener/hooks-at-stop.ts';
import type { Reason } from '../../src/watch/lifecycle/transition.ts';
import { transition } from '../support/hook-stage.ts';

let now = 0;
let runs = 0;
let hooks: HooksAtStop;
beforeEach(() => {
  now = 0;
  runs = 0;
  hooks = new HooksAtStop(() => now);
});

const start = transition('start');

function starts(hook: string, engine = 'default'): string {
  runs += 1;
  const run = `r${runs}`;
  hooks.note({ kind: 'hook-started', engine, hook, run, transition: start, process: undefined });
  return run;
}

function ends(hook: string, run: string, engine = 'default'): void {
  const outcome = { kind: 'exited', code: 0 } as const;
  const output = { text: () => '', bytes: 0, last: () => Buffer.alloc(0) };
  hooks.note({
    kind: 'hook-ended',
    engine,
    hook,
    run,
    transition: start,
    outcome,
    durationMs: 1,
    output,
  } as ListenerEvent);
}

/** Docker stops after so many ms. */
function stops(after = 2000, reason: Reason = 'shutdown', engine = 'default'): string[] {
  now += after;
  const stopped = { ...transition('stop'), reason, engine };
  return hooks
    .note({ kind: 'transition', transition: stopped })
    .map(({ hook, warning }) => `${hook} ${'times' in warning ? warning.times : '?'}`);
}

describe('a hook of on_start', () => {
  test('that runs at the second stop in a row, and at each later one, is named', () => {
    const rounds = Array.from({ length: 4 }, () => {
      const run = starts('on_start/10-a');
      const named = stops();
      ends('on_start/10-a', run);
      return named;
    });
    expect(rounds).toEqual([[], ['on_start/10-a 2'], ['on_start/10-a 3'], ['on_start/10-a 4']]);
  });

  test('that is not there at a stop in between, or minutes later, is not named', () => {
    const first = starts('on_start/10-a');
    expect(stops()).toEqual([]);
    ends('on_start/10-a', first);
    expect(stops(10_000)).toEqual([]);
    const second = starts('on_start/10-a');
    expect(stops()).toEqual([]);
    ends('on_start/10-a', second);
    starts('on_start/10-a');
    expect(stops(600_000)).toEqual([]);
  });

  test('that has just ended is named at the third stop: it may not have waited for what it asked for', () => {
    const rounds = Array.from({ length: 3 }, () => {
      ends('on_start/10-a', starts('on_start/10-a'));
      return stops(500);
    });
    expect(rounds).toEqual([[], [], ['on_start/10-a 3']]);
  });

  test('that ended long before the stop is not named', () => {
    for (let round = 0; round < 5; round++) {
      ends('on_start/10-a', starts('on_start/10-a'));
      expect(stops(60_000)).toEqual([]);
    }
  });
});

test.each(['while_running/watch', 'on_container_start/10-a'])(
  '%s is named at the third stop soon after its start',
  (hook) => {
    const rounds = Array.from({ length: 3 }, () => {
      const run = starts(hook);
      const named = stops();
      ends(hook, run);
      return named;
    });
    expect(rounds).toEqual([[], [], [`${hook} 3`]]);
  },
);

test.each(['while_running/watch', 'on_container_start/10-a', 'on_stop/10-a'])(
  '%s that has run for long, or stops with Docker, is not named',
  (hook) => {
    for (let round = 0; round < 5; round++) {
      const run = starts(hook);
      expect(stops(hook.startsWith('on_stop') ? 100 : 60_000)).toEqual([]);
      ends(hook, run);
    }
  },
);

test('each engine has its own stops, and an unseen one is none', () => {
  for (const engine of ['one', 'other']) {
    starts('on_start/10-a', engine);
    expect(stops(10, 'shutdown', engine)).toEqual([]);
  }
  expect(stops(10, 'listener-started', 'one')).toEqual([]);
  expect(stops(10, 'shutdown', 'one')).toEqual(['on_start/10-a 2']);
});
