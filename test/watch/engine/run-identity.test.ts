import { describe, expect, test } from 'vitest';
import { runInAnswer } from '../../../src/watch/engine/run-identity.ts';

const answer = (body: string) => ({ status: 200, body: Buffer.from(body) });

test('an id that no network has names no run: not one that a process has, nor one without end', () => {
  const id = 'a1b2'.repeat(16);
  expect(runInAnswer(answer(JSON.stringify({ Id: id })))).toBe(id);
  for (const Id of ['7@1@boot', 'x'.repeat(1000), '', 'a\n', 7, null, {}, []])
    expect(runInAnswer(answer(JSON.stringify({ Id })))).toBeUndefined();
  for (const body of ['null', '7', '[]', 'no JSON', '']) expect(runInAnswer(answer(body))).toBeUndefined();
});

describe('a run of Podman', () => {
  const server = 'Libpod/5.8.6 (linux)';
  const Id = '2f259bab93aa';
  const of = (network: object) => runInAnswer({ ...answer(JSON.stringify(network)), server });

  test('has the time at which its process was first asked for networks in its name', () => {
    const [one, other] = ['2026-11-28T18:00:44.985318183+01:00', '2026-11-28T18:00:44.985318184+01:00'];
    expect(of({ Id, Created: one })).toBe(`${Id}/${one}`);
    expect(of({ Id, Created: other })).not.toBe(of({ Id, Created: one }));
  });

  test('has no name without that time, because its network’s id is the same for ever', () => {
    for (const Created of [undefined, null, 7, '', '1@2', 'a\n', '0'.repeat(65)])
      expect(of({ Id, Created })).toBeUndefined();
  });
});

test('a run of Docker keeps the name that earlier versions gave it', () => {
  const body = JSON.stringify({ Id: 'abc', Created: '2026-11-28T18:00:44Z' });
  for (const server of [undefined, 'Docker/26.1.5 (linux)', 'a Libpod/5.8.6'])
    expect(runInAnswer({ ...answer(body), ...(server && { server }) })).toBe('abc');
});
