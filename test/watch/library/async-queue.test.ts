import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AsyncQueue } from '../../../src/watch/library/async-queue.ts';

const most = 5;
function makeQueue() {
  let over = 0;
  const queue = new AsyncQueue<number>({
    most,
    overflow: () => new Error('too slow'),
    closed: () => (over += 1),
  });
  return { queue, over: () => over };
}

test('gives what is put in, in order and each once, whichever comes first', async () => {
  const turns = fc.array(fc.constantFrom('put', 'ask'), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(turns, async (steps) => {
      const { queue, over } = makeQueue();
      const asked: Promise<IteratorResult<number>>[] = [];
      let put = 0;
      for (const step of steps) {
        if (step === 'ask') asked.push(queue.next());
        else if (put - asked.length < most - 1) queue.put(++put);
      }
      expect(over()).toBe(0);
      queue.end();
      const given = (await Promise.all(asked)).map(({ done, value }) => (done ? 'end' : value));
      const got = Math.min(put, asked.length);
      expect(given.slice(0, got)).toEqual(Array.from({ length: got }, (_, index) => index + 1));
      expect(given.slice(got)).toEqual(Array(asked.length - got).fill('end'));
      expect(over()).toBe(1);
    }),
  );
});

test('takes in no more than may wait, gives all of it, and then says that it was too much', async () => {
  const { queue, over } = makeQueue();
  for (let item = 1; item <= most + 3; item++) queue.put(item);
  expect(over()).toBe(1);
  const given: number[] = [];
  const loop = async () => {
    for await (const item of queue) given.push(item);
  };
  await expect(loop()).rejects.toThrow('too slow');
  expect(given).toEqual([1, 2, 3, 4, 5]);
  expect(await queue.next()).toEqual({ done: true, value: undefined });
  expect(over()).toBe(1);
});

test('gives nothing any more once it has ended', async () => {
  const { queue, over } = makeQueue();
  queue.put(1);
  for await (const item of queue) {
    expect(item).toBe(1);
    queue.put(2);
    break;
  }
  queue.put(3);
  expect(await queue.next()).toEqual({ done: true, value: undefined });
  expect(over()).toBe(1);
});
