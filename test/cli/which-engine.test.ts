import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Ended } from '../support/program.ts';
import { runCommand } from '../support/run-command.ts';
import { createStage, type Stage } from '../support/stage.ts';

/** A listener that calls its engines otherwise than by their URLs, as one does that was given contexts. */
const url = 'unix:///far/docker.sock';
const engines = ['near', 'far'].map((name) => ({
  name,
  url: `unix:///${name}/docker.sock`,
  state: name === 'far' ? 'up' : 'down',
}));
const happened = engines.map(({ name }) => ({ version: 1, kind: 'of', engine: name }));

let stage: Stage;
let listener: Server;
let asked: string[];
beforeEach(async () => {
  stage = await createStage();
  asked = [];
  listener = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://listener');
    const said = await text(request);
    if (pathname === '/v1/status') {
      response.end(JSON.stringify({ engines, failures: [] }));
      return;
    }
    asked.push(`${pathname} ${searchParams.get('engine') ?? said}`.trim());
    if (pathname === '/v1/events') {
      response.write(happened.map((event) => `${JSON.stringify(event)}\n`).join(''));
      // The history's stay open.
      if (asked.length === 1) response.end();
    } else if (pathname === '/v1/trigger') {
      response.end('{"kind":"done","how":"complete"}\n');
    } else {
      response.writeHead(500).end('{"error":"The disk is gone"}');
    }
  });
  listener.listen(stage.control);
  await once(listener, 'listening');
});
afterEach(async () => {
  listener.closeAllConnections();
  listener.close();
  await stage.clear();
});

const ask = (...words: string[]): Promise<Ended> =>
  runCommand([...words, '--control', stage.control, '--config', 'none'], {
    environment: { PATH: process.env.PATH, HOME: stage.folder, TZ: 'UTC' },
  });

describe('an engine may be called by its URL', () => {
  test('by events', async () => {
    const { output } = await ask('events', '--json', '--engine', url);
    expect(output).toBe(`${JSON.stringify(happened[1])}\n`);
  });

  test('by trigger', async () => {
    expect(await ask('trigger', 'start', '--engine', url)).toMatchObject({ code: 0 });
    expect(asked).toEqual([
      expect.stringMatching(/^\/v1\/trigger \{"event":"start","engine":"far","pid":\d+\}$/),
    ]);
  });

  test('by history', async () => {
    await ask('history', '--engine', url);
    expect(asked).toEqual(['/v1/history far']);
  });

  test('by wait', async () => {
    expect(await ask('wait', 'start', '--timeout', '10s', '--engine', url)).toMatchObject({ code: 0 });
  });
});

test.each([['events'], ['history', '--follow'], ['trigger', 'stop'], ['wait', 'start']])(
  '%s of an engine that is not watched waits for nothing',
  async (...words) => {
    expect(await ask(...words, '--engine', 'fra')).toMatchObject({
      code: 64,
      errors: 'docker-lifecycle-listener: The listener watches no engine "fra"\n  It watches: near, far\n',
    });
    expect(asked.filter((question) => question !== '/v1/events')).toEqual([]);
  },
);

test('history --follow ends where the past cannot be read', async () => {
  asked.push('so that the events go on');
  expect(await ask('history', '--follow')).toMatchObject({
    code: 1,
    errors: 'docker-lifecycle-listener: The disk is gone\n',
  });
});
