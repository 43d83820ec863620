import { expect, test } from 'vitest';
import { keyOf } from '../../src/container-events/ledger-state.ts';
import { parseEvent } from '../../src/container-events/stream.ts';
import { containerOf, subjectOf } from '../../src/hooks/engine-events.ts';
import { isoOfNano, nanoOfIso, sinceOf } from '../../src/system/nanoseconds.ts';
import { eventLine } from '../support/events.ts';

test('an event as engines write it, to the nanosecond', () => {
  const json = eventLine('container', 'die', 'abc', '1795559323636620181', {
    name: 'web',
    image: 'busybox',
    exitCode: '137',
    role: 'x',
  });
  expect(parseEvent(json)).toMatchObject({
    type: 'container',
    action: 'die',
    id: 'abc',
    name: 'web',
    image: 'busybox',
    exitCode: 137,
    timeNano: '1795559323636620181',
    json,
  });
});

test('what stands behind a colon is the detail', () => {
  const json = eventLine('container', 'health_status: unhealthy', 'abc', '1795559323636620181');
  expect(parseEvent(json)).toMatchObject({ action: 'health_status', detail: 'unhealthy' });
});

test('no label can pass for the time, nor for anything else', () => {
  const labels = { timeNano: '5', x: '"timeNano":6,', __proto__: 'p', '"timeNano":7': '8' };
  const event = parseEvent(eventLine('container', 'start', 'abc', '1795559323636620181', labels));
  expect(event?.timeNano).toBe('1795559323636620181');
  expect(event?.attributes.timeNano).toBe('5');
  const proto =
    '{"Type":"container","Action":"start","Actor":{"ID":"a","Attributes":{"__proto__":"evil"}},"timeNano":12}';
  expect(Object.keys(parseEvent(proto)?.attributes ?? {})).toEqual(['__proto__']);
});

test.each(['', '{', '[]', 'null', '{"Type":"container"}', '{"Type":"a","Action":"b","timeNano":"1"}'])(
  '%j is no event',
  (line) => expect(parseEvent(line)).toBeUndefined(),
);

const long = 'f'.repeat(129);
const nano = '1795559323636620181';

test.each([
  ['a container whose id is longer than any engine’s', eventLine('container', 'start', long, nano)],
  [
    'a network that names such a container',
    eventLine('network', 'connect', 'net', nano, { container: long }),
  ],
  ['an action without end', eventLine('container', `${'a'.repeat(2000)}: x`, 'abc', nano)],
])('what says something of %s is no event', (_, line) => expect(parseEvent(line)).toBeUndefined());

test.each([
  ['a container', 'container', 'f'.repeat(64)],
  ['an image', 'image', `sha256:${'f'.repeat(64)}`],
])('a label of %s that is called container is a label, of any length', (_, type, id) => {
  const event = parseEvent(eventLine(type, 'start', id, nano, { container: 'x'.repeat(3000), name: 'web' }));
  expect(event).toMatchObject({ id, attributes: { container: 'x'.repeat(3000) } });
  if (event === undefined) return;
  expect(keyOf(event).length).toBeLessThan(200);
  expect(subjectOf(event)).toBe(id);
  expect(containerOf(event)?.id).toBe(type === 'container' ? id : undefined);
});

test('moments keep every digit on their way through texts', () => {
  expect(isoOfNano('1795559323000000181')).toBe('2026-11-24T22:28:43.000000181Z');
  expect(nanoOfIso('2026-11-24T22:28:43.000000181Z')).toBe('1795559323000000181');
  expect(nanoOfIso('2026-11-24T23:28:43.5+01:00')).toBe('1795559323500000000');
  expect(nanoOfIso('0001-01-01T00:00:00Z')).toBeUndefined();
  expect(nanoOfIso('yesterday')).toBeUndefined();
  expect(sinceOf('1795559323000000181')).toBe('1795559323.000000181');
  expect(sinceOf('1')).toBe('0.000000001');
});
