import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLine } from '../../../src/watch/library/transition-queue.ts';

const most = 5;
function makeLine() {
  let over = 0;
  const line = createLine<number>({ most, overflow: () => new Error('too slow'), over: () => (over += 1) });
  return { line, over: () => over };
}

test('gives what is put in, in order and each once, whoever is first', async () => {
  const turns = fc.array(fc.constantFrom('put', 'ask'), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(turns, async (steps) => {
      const { line, over } = makeLine();
      const asked: Promise<IteratorResult<number>>[] = [];
      let put = 0;
      for (const step of steps) {
        if (step === 'ask') asked.push(line.next());
        else if (put - asked.length < most - 1) line.put(++put);
      }
      expect(over()).toBe(0);
      line.end();
      const given = (await Promise.all(asked)).map(({ done, value }) => (done ? 'end' : value));
      const got = Math.min(put, asked.length);
      expect(given.slice(0, got)).toEqual(Array.from({ length: got }, (_, index) => index + 1));
      expect(given.slice(got)).toEqual(Array(asked.length - got).fill('end'));
      expect(over()).toBe(1);
    }),
  );
});

test('takes in no more than may wait, gives all of it, and then says that it was too much', async () => {
  const { line, over } = makeLine();
  for (let item = 1; item <= most + 3; item++) line.put(item);
  expect(over()).toBe(1);
  const given: number[] = [];
  const loop = async () => {
    for await (const item of line) given.push(item);
  };
  await expect(loop()).rejects.toThrow('too slow');
  expect(given).toEqual([1, 2, 3, 4, 5]);
  expect(await line.next()).toEqual({ done: true, value: undefined });
  expect(over()).toBe(1);
});

test('gives nothing any more once it has ended', async () => {
  const { line, over } = makeLine();
  line.put(1);
  for await (const item of line) {
    expect(item).toBe(1);
    line.put(2);
    break;
  }
  line.put(3);
  expect(await line.next()).toEqual({ done: true, value: undefined });
  expect(over()).toBe(1);
});
