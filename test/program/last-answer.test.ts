import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { WatchedListener } from '../../src/demo/listener.ts';
import { bundle } from '../support/bundle.ts';
import { needing } from '../support/needs.ts';
import { createStage, ofKind, type Stage, transitionOf, transitionsIn } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';

// An engine that answered was up, however short: what it said before it ended lies in our socket.

let stage: Stage;
let program: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  stage = await createStage();
  program = bundle('support/last-answer-engine', stage.folder);
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await stage.clear();
});

function begin(words: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

async function waitingListener(): Promise<{ listener: WatchedListener; pid: number }> {
  const listener = stage.listen('--no-notifier');
  await listener.next(0, ofKind('engine-is-down'));
  return { listener, pid: Number(listener.lines.find(ofKind('listener-started'))?.pid) };
}

/** An engine that is asked by now; what it returns has it answer and end. */
async function askedEngine(ending: string): Promise<() => Promise<void>> {
  const engine = begin([program, stage.socket, stage.pidfile, ending]);
  if (engine.stdout !== null) await once(engine.stdout, 'data');
  return async () => {
    const exit = once(engine, 'exit');
    engine.stdin?.write('answer\n');
    await exit;
  };
}

const reasons = { orderly: 'shutdown', killed: 'crash' } as const;

describe.each(['orderly', 'killed'] as const)(
  'an engine that ends in the instant of its first answer, %s, is reported',
  needing('linux'),
  (ending) => {
    function expectToldOnceEach(listener: WatchedListener, rounds: number): void {
      expect(transitionsIn(listener.lines)).toEqual(Array(rounds).fill(['start', 'stop']).flat());
      const stops = listener.lines.filter(ofKind('transition')).map(transitionOf);
      expect(stops.filter(({ event }) => event === 'stop').map(({ reason }) => reason)).toEqual(
        Array(rounds).fill(reasons[ending]),
      );
    }

    test('while the machine has more to do than it can', async () => {
      const { listener } = await waitingListener();
      for (let burner = 0; burner < availableParallelism(); burner++) begin(['-e', 'for (;;);']);
      const rounds = 8;
      for (let round = 1; round <= rounds; round++) {
        const answerAndEnd = await askedEngine(ending);
        await answerAndEnd();
        await waitFor(() => transitionsIn(listener.lines).length >= 2 * round).catch(() => {});
        expectToldOnceEach(listener, round);
      }
    });

    // Longer than any pause between two looks at the engine's process: the look is due before the answer is read.
    const stall = 1500;

    test('while the listener itself does not get to run', async () => {
      const { listener, pid } = await waitingListener();
      for (let round = 1; round <= 3; round++) {
        const answerAndEnd = await askedEngine(ending);
        process.kill(pid, 'SIGSTOP');
        await answerAndEnd();
        await new Promise((resolve) => setTimeout(resolve, stall));
        process.kill(pid, 'SIGCONT');
        await waitFor(() => transitionsIn(listener.lines).length >= 2 * round, 5000).catch(() => {});
        expectToldOnceEach(listener, round);
      }
    });
  },
);
