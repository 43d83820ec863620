import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createStage, endProcess, ofKind, type Stage, transitionOf } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
  for (const action of ['tag', 'import']) {
    mkdirSync(join(stage.hooks, `on_image_${action}`), { mode: 0o755 });
    const text = `#!/bin/sh\necho "$DOCKER_EVENT_ACTION $DOCKER_EVENT_NAME" >>"${stage.folder}/events"\n`;
    stage.hook(`on_image_${action}/10-a`, text);
  }
});
afterEach(() => stage.clear());

const events = () => {
  const log = join(stage.folder, 'events');
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
};

/** Asks the engine, and gives the answer's status. */
async function ask(method: string, path: string): Promise<number | undefined> {
  const asking = request({ socketPath: stage.socket, method, path, agent: false }).end();
  const [response] = await once(asking, 'response');
  response.resume();
  await once(response, 'end');
  return response.statusCode;
}

test.each([
  [26, ['import busybox:latest']],
  [29, ['tag busybox:latest', 'import busybox:latest']],
] as const)(
  'generation %i: events of an import run their hooks, and its stop is reported once',
  async (generation, expected) => {
    const engine = stage.startEngine({ generation });
    const listener = stage.listen('--no-notifier');
    await listener.next(0, ofKind('events-read'));
    expect(await ask('POST', '/v1.41/images/create?fromSrc=-&repo=busybox')).toBe(200);
    await waitFor(() => events().length >= expected.length);
    expect(events()).toEqual(expected);
    // One of 29 ends the stream before its process is over.
    await endProcess(engine, 'SIGTERM');
    await listener.next(0, (line) => line.kind === 'transition' && transitionOf(line).event === 'stop');
    const from = listener.lines.length;
    stage.startEngine({ generation });
    await listener.next(from, ofKind('events-read'));
    expect(await listener.end()).toBe(0);
    const transitions = listener.lines.filter(ofKind('transition')).map(transitionOf);
    expect(transitions.map(({ event, reason }) => `${event} ${reason}`)).toEqual([
      'start listener-started',
      'stop shutdown',
      'start engine-started',
    ]);
    expect(events()).toEqual(expected);
  },
);

test('generation 29 refuses versions of the API below 1.40, and the listener names none', async () => {
  stage.startEngine({ generation: 29 });
  const listener = stage.listen('--no-notifier');
  await listener.next(0, ofKind('events-read'));
  expect(
    await Promise.all(
      ['/v1.24/_ping', '/v1.39/_ping', '/v1.40/_ping', '/_ping'].map((path) => ask('GET', path)),
    ),
  ).toEqual([400, 400, 200, 200]);
  expect(listener.lines.filter(({ level }) => !['info', 'detail'].includes(level))).toEqual([]);
});
