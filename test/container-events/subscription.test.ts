import { expect, test } from 'vitest';
import { subscriptionFor } from '../../src/container-events/stream.ts';
import { type EventName, eventWord } from '../../src/hooks/engine-events.ts';

const event = (word: string): EventName => {
  const [type = '', ...action] = word.split('_');
  return { type, action: type === 'any' ? 'any' : action.join('_') };
};
const words = (...folders: readonly string[]) => subscriptionFor(folders.map(event)).map(eventWord);

test.each([
  [[], []],
  [['image_pull'], ['image_pull']],
  [['container_create'], ['container_create']],
  [['container_start'], ['container_start', 'container_die']],
  [['container_die'], ['container_die', 'container_start', 'container_kill']],
  [['container_any'], ['container_any', 'container_start', 'container_die', 'container_kill']],
  [
    ['network_connect'],
    [
      ...['network_connect', 'container_start', 'container_die'],
      ...['container_create', 'container_rename', 'container_destroy'],
    ],
  ],
  [['volume_create'], ['volume_create']],
  [
    ['any'],
    [
      ...['any', 'container_start', 'container_die', 'container_kill'],
      ...['container_create', 'container_rename', 'container_destroy'],
    ],
  ],
  [
    ['container_kill', 'container_die', 'container_start'],
    ['container_kill', 'container_die', 'container_start'],
  ],
])('%j asks for %j', (folders, asked) => {
  expect(words(...folders)).toEqual(asked);
});
