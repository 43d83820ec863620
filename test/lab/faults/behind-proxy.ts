import { expect } from 'vitest';
import type { EngineProxy, Manners } from '../../support/lab/proxy.ts';
import { waitFor } from '../../support/wait-for.ts';
import type { Fault, Scene } from './fault.ts';

const everyTwoSeconds = ['--heartbeat', '2s'];

/** What a proxy before the engine can do. The listener sees the proxy's socket, and nothing else. */
export const faultsBehindProxy: readonly Fault[] = [
  // Begun first, for it takes longest.
  {
    ...behind('a proxy that never answers while the engine is down', { whileDown: 'silent' }),
    play: upAndDown,
  },
  {
    ...behind('a proxy that answers 502 while the engine is down', { whileDown: 502 }),
    play: upAndDown,
  },
  {
    ...behind('a proxy that answers 500, also on a stream it keeps', { whileDown: 500, whenItEnds: 500 }),
    words: everyTwoSeconds,
    play: upAndDown,
  },
  {
    ...behind('a proxy that keeps a stream over a dead engine', { whenItEnds: 'silent' }),
    words: everyTwoSeconds,
    play: upAndDown,
  },
  {
    ...behind('a proxy that cuts idle connections', { idleLimit: 300 }),
    play: (scene) => upAndDown(scene, async (proxy) => asksAgain(proxy, 4)),
  },
  {
    ...behind('a proxy that closes after every answer', { oneAnswer: true }),
    play: (scene) => upAndDown(scene, async (proxy) => asksAgain(proxy, 8)),
  },
  {
    ...behind('a proxy that is itself restarted', {}),
    play: (scene) =>
      upAndDown(scene, async (proxy) => {
        for (let time = 0; time < 2; time++) {
          const before = proxy.accepted;
          await proxy.restart();
          await waitFor(() => proxy.accepted > before);
        }
      }),
  },
  {
    ...behind('a proxy that is killed and leaves its socket', {}),
    async play(scene) {
      const { engine, account } = scene;
      await engine.start();
      await account.tells('engine-started');
      await proxyOf(scene).kill();
      await account.tells('crash');
      await proxyOf(scene).start();
      await account.tells('engine-started');
      await engine.stop();
      await account.tells('unreachable');
    },
  },
  {
    ...behind('a proxy that hides a restart of the engine', { whileDown: 'waits' }),
    network: 'private',
    async play({ engine, account }) {
      await engine.start();
      await account.tells('engine-started');
      for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
        await engine.kill(signal);
        await engine.start();
        // Known by the engine's identity; one that takes longer than 5 s counts as gone meanwhile.
        await account.tells(['unseen', 'unreachable'], 'engine-started');
      }
      await engine.stop();
      await account.tells('unreachable');
    },
  },
];

function behind(name: string, manners: Partial<Manners>): Pick<Fault, 'name' | 'proxy' | 'waits'> {
  return { name, proxy: { whileDown: 'cut', whenItEnds: 'cut', ...manners }, waits: true };
}

/** Up, and down in order or killed, by turns; nothing is told of what is done in between. */
async function upAndDown(scene: Scene, meanwhile = async (_: EngineProxy) => {}): Promise<void> {
  const { engine, account, round } = scene;
  await engine.start();
  await account.tells('engine-started');
  await meanwhile(proxyOf(scene));
  await account.tells();
  await engine.kill(round % 2 === 0 ? 'SIGTERM' : 'SIGKILL');
  await account.tells('unreachable');
}

async function asksAgain(proxy: EngineProxy, times: number): Promise<void> {
  const before = proxy.accepted;
  await waitFor(() => proxy.accepted >= before + times, 60_000);
  // It asks with pauses: what closes all the time is not asked all the time.
  expect(proxy.accepted).toBeLessThan(before + 10 * times);
}

function proxyOf({ proxy }: Scene): EngineProxy {
  if (proxy === undefined) throw new Error('This fault needs a proxy');
  return proxy;
}
