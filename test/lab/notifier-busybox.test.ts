import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { createLabEngine, type LabEngine } from '../support/lab/engine.ts';
import { suites } from '../support/lab/folder.ts';
import { installNotifier, notifierName } from '../support/lab/images.ts';
import { waitFor } from '../support/wait-for.ts';

/** Answers as the listener does, and holds a connection that asks for it. */
async function answering(lines: string[]): Promise<{ port: number; close: () => void }> {
  const server = createServer((socket) => {
    socket.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n').filter(Boolean)) {
        lines.push(line);
        socket.write('ok\n');
        if (line === 'stop') socket.end();
      }
    });
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as { port: number }).port, close: () => server.close() };
}

async function timed(work: Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work;
  return performance.now() - began;
}

/** A container that ends on SIGTERM as soon as a shell can. */
async function plainContainer(engine: LabEngine): Promise<void> {
  const script = 'trap "exit 0" TERM; sleep 1000000 & wait';
  await engine.docker([
    'run',
    '--detach',
    '--name',
    'plain',
    '--network',
    'host',
    'busybox',
    'sh',
    '-c',
    script,
  ]);
}

/** Docker kills a container 10 s after its signal: a stop that takes so much longer was held up. */
const roomMs = 7000;

for (const from of Object.keys(suites) as (keyof typeof suites)[]) {
  test(`a notifier on the busybox of ${suites[from]} holds up no stop`, async () => {
    const lines: string[] = [];
    const { port, close } = await answering(lines);
    const engine = await createLabEngine({ version: '26.1' });
    try {
      await engine.start();
      await installNotifier(engine, port, 'loopback', from);
      await plainContainer(engine);
      await waitFor(() => lines.includes('hold'));

      const plain = await timed(engine.docker(['stop', 'plain']));
      const notifier = await timed(engine.docker(['stop', notifierName]));
      expect(lines.slice(lines.indexOf('start'))).toEqual(['start', 'hold', 'stop']);
      expect(await engine.docker(['inspect', '--format', '{{.State.ExitCode}}', notifierName])).toBe('0');
      expect(notifier).toBeLessThan(plain + roomMs);

      await engine.docker(['start', 'plain']);
      const without = await engine.stop();
      await engine.start();
      await engine.docker(['rm', '--force', 'plain']);
      await engine.docker(['start', notifierName]);
      await waitFor(() => lines.filter((line) => line === 'hold').length === 2);
      expect(await engine.stop()).toBeLessThan(without + roomMs);
      expect(lines.at(-1)).toBe('stop');
    } finally {
      close();
      await engine.clear();
    }
  });
}
