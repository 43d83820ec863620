import { expect, test } from 'vitest';
import { runInAnswer } from '../../../src/watch/engine/run-identity.ts';

const answer = (body: string) => ({ status: 200, body: Buffer.from(body) });

test('an id that no network has names no run: not one that a process has, nor one without end', () => {
  const id = 'a1b2'.repeat(16);
  expect(runInAnswer(answer(JSON.stringify({ Id: id })))).toBe(id);
  for (const Id of ['7@1@boot', 'x'.repeat(1000), '', 'a\n', 7, null, {}, []])
    expect(runInAnswer(answer(JSON.stringify({ Id })))).toBeUndefined();
  for (const body of ['null', '7', '[]', 'no JSON', '']) expect(runInAnswer(answer(body))).toBeUndefined();
});
