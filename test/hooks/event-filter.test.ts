import { expect, test } from 'vitest';
import { fitsFilter } from '../../src/container-events/event-run.ts';
import type { EventFilter } from '../../src/hooks/settings.ts';
import { eventOf } from '../support/events.ts';

const died = eventOf('container', 'die', 'abc', '1795559323636620181', {
  name: 'web-1',
  image: 'registry.example/team/web:1.2',
  exitCode: '137',
  backup: 'true',
  empty: '',
});
const sick = eventOf('container', 'health_status: unhealthy', 'abc', '1795559323636620181', {
  name: 'web-1',
});

test.each<[EventFilter | undefined, boolean]>([
  [undefined, true],
  [{}, true],
  [{ name: ['web-1'] }, true],
  [{ name: ['web'] }, false],
  [{ name: ['web-*'] }, true],
  [{ name: ['*'] }, true],
  [{ name: ['w*b*1'] }, true],
  [{ name: ['web-1*1'] }, false],
  [{ name: ['db', 'web-1'] }, true],
  [{ name: ['!web-1'] }, false],
  [{ name: ['!db'] }, true],
  [{ name: ['web-*', '!web-1'] }, false],
  [{ image: ['*/web:*'] }, true],
  [{ image: ['web'] }, false],
  [{ label: ['backup'] }, true],
  [{ requested: true }, true],
  [{ requested: false }, true],
  [{ label: ['backup=true'] }, true],
  [{ label: ['backup=false'] }, false],
  [{ label: ['backup=t*'] }, true],
  [{ label: ['!backup'] }, false],
  [{ label: ['empty'] }, true],
  [{ label: ['empty='] }, true],
  [{ label: ['other'] }, false],
  [{ label: ['!other'] }, true],
  [{ exitCode: ['137'] }, true],
  [{ exitCode: ['0'] }, false],
  [{ exitCode: ['!0'] }, true],
  [{ exitCode: ['!0', '!137'] }, false],
  [{ label: ['backup=true'], exitCode: ['!0'] }, true],
  [{ label: ['backup=true'], exitCode: ['0'] }, false],
  [{ detail: ['unhealthy'] }, false],
])('%j of a container that died: %j', (filter, fits) => expect(fitsFilter(died, filter)).toBe(fits));

test('what stands behind the action can be asked for', () => {
  expect(fitsFilter(sick, { detail: ['unhealthy'] })).toBe(true);
  expect(fitsFilter(sick, { detail: ['healthy'] })).toBe(false);
});

test('an unknown exit code fits rather than not', () => {
  expect(fitsFilter(sick, { exitCode: ['!0'] })).toBe(true);
});

test.each([
  ['yes', true, true],
  ['yes', false, false],
  ['no', true, false],
  ['no', false, true],
  ['unknown', true, true],
  ['unknown', false, true],
] as const)('an end of which it is %s that it was asked for, wanted %s: %s', (requested, wanted, fits) => {
  expect(fitsFilter({ ...died, requested }, { requested: wanted })).toBe(fits);
});
