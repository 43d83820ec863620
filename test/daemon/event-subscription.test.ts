import { expect, test } from 'vitest';
import { type EventName, eventWord } from '../../src/config/engine-events.ts';
import { subscriptionFor } from '../../src/daemon/event-subscription.ts';

const event = (word: string): EventName => {
  const [type = '', ...action] = word.split('_');
  return { type, action: action.join('_') };
};
const words = (...folders: readonly string[]) => subscriptionFor(folders.map(event)).map(eventWord);

test.each([
  [[], []],
  [['image_pull'], ['image_pull']],
  [['container_create'], ['container_create']],
  [['container_start'], ['container_start', 'container_die']],
  [['container_die'], ['container_die', 'container_start', 'container_kill']],
  [
    ['container_kill', 'container_die', 'container_start'],
    ['container_kill', 'container_die', 'container_start'],
  ],
])('%j asks for %j', (folders, asked) => {
  expect(words(...folders)).toEqual(asked);
});
