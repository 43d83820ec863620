import { beforeEach, describe, expect, test } from 'vitest';
import type { ListenerEvent } from '../../src/listener/events.ts';
import { Warnings } from '../../src/listener/warnings.ts';
import { transition } from '../support/hook-stage.ts';

let warnings: Warnings;
beforeEach(() => {
  warnings = new Warnings(() => new Date(0));
});

const hook = 'on_stop/10-a';
const deadlock = { kind: 'stop-deadlock', command: 'systemctl stop docker' } as const;

function warn(name = hook, engine = 'default'): void {
  warnings.note({ kind: 'hook-warned', engine, hook: name, warning: deadlock });
}

function starts(run: string): void {
  const about = { engine: 'default', hook, transition: transition('stop'), process: undefined };
  warnings.note({ kind: 'hook-started', ...about, run });
}

function ends(run: string, code: number): void {
  warnings.note({
    ...{ kind: 'hook-ended', engine: 'default', hook, run, transition: transition('stop') },
    ...{ outcome: { kind: 'exited', code }, durationMs: 1 },
  } as ListenerEvent);
}

const listed = () => warnings.list().map(({ engine, name }) => `${engine} ${name}`);

describe('a warning', () => {
  test('stays when the run that it is about succeeds, and goes with a later one', () => {
    starts('r1');
    warn();
    ends('r1', 0);
    expect(listed()).toEqual(['default on_stop/10-a']);
    starts('r2');
    ends('r2', 1);
    expect(listed()).toEqual(['default on_stop/10-a']);
    starts('r3');
    ends('r3', 0);
    expect(listed()).toEqual([]);
  });

  test('stays when the later run is warned of too', () => {
    warn();
    starts('r2');
    warn();
    ends('r2', 0);
    expect(listed()).toEqual(['default on_stop/10-a']);
  });

  test('goes when its hook is switched off, or is not there any more', () => {
    warn();
    warn('on_stop/20-b');
    warn('on_stop/30-c', 'other');
    warnings.note({ kind: 'hook-left-out', engine: 'default', hook, why: 'switched-off' });
    expect(listed()).toEqual(['default on_stop/20-b', 'other on_stop/30-c']);
    warnings.forget((name) => name === 'on_stop/20-b');
    expect(listed()).toEqual(['other on_stop/30-c']);
  });
});

test('of many hooks the last are kept', () => {
  for (let number = 0; number < 30; number++) warn(`on_stop/${number}`);
  expect(listed()).toHaveLength(20);
  expect(listed().at(-1)).toBe('default on_stop/29');
});
