import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LogLine, WatchedListener } from '../../src/demo/listener.ts';
import { type Account, openAccount } from '../support/lab/account.ts';
import type { Machine, MachineOptions } from '../support/lab/machine.ts';
import { rounds } from '../support/lab/rounds.ts';
import { bootStage, type LabStage } from '../support/lab/stage.ts';
import { hooksDone, ofKind, transitionOf, transitionsIn } from '../support/stage.ts';
import { room, waitFor } from '../support/wait-for.ts';

/** An engine that is not Docker under systemd: how its machine is made, and how it is started and ended there. */
export interface EngineService {
  /** In the table of reports. */
  readonly name: string;
  readonly options: Pick<MachineOptions, 'init' | 'change'>;
  readonly socket: string;
  /** Undefined for an engine without one. */
  readonly pidfile: string | undefined;
  /** Shell commands for its machine. A start need not wait until the engine answers. */
  readonly start: string;
  readonly stop: string;
  readonly restart: string;
  /** Sends its process the signal `$1`. */
  readonly signal: string;
  /** Has it started after its process was killed; nothing where its machine does so by itself. */
  readonly recover: string;
  /** Succeeds when the engine answers. */
  readonly answers: string;
  /** More words for `install`. */
  readonly install: readonly string[];
}

/** A service in its booted machine. */
export interface ServiceScene {
  readonly machine: Machine;
  readonly stage: LabStage;
  sh(script: string, ...words: string[]): Promise<string>;
}

interface ServiceFault {
  readonly name: string;
  /** More words for the listener. */
  readonly words?: readonly string[];
  /** One round: begins and ends with the engine up, and holds that the hooks ran as they must. */
  play(scene: ServiceScene, account: Account, service: EngineService): Promise<void>;
}

/** Without a pid file a restart can be over before the listener asks: only that it is another run is known then. */
function cause(reason: string, pidfile: string | undefined): readonly string[] {
  return pidfile === undefined ? [reason, 'unseen'] : [reason];
}

const faults: readonly ServiceFault[] = [
  {
    name: 'stop, and start',
    async play({ sh }, account, { start, stop }) {
      await sh(stop);
      await account.tells('shutdown');
      await sh(start);
      await account.tells('engine-started');
    },
  },
  {
    name: 'restart',
    async play({ sh }, account, { restart, pidfile }) {
      await sh(restart);
      await account.tells(cause('shutdown', pidfile), 'engine-started');
    },
  },
  {
    name: 'kill -9, and started again',
    async play({ sh }, account, { signal, recover, pidfile }) {
      await sh(signal, 'KILL');
      await sh(recover);
      await account.tells(cause('crash', pidfile), 'engine-started');
    },
  },
  {
    name: 'frozen with SIGSTOP, and thawed',
    words: ['--heartbeat', '2s'],
    async play({ sh }, account, { signal }) {
      await sh(signal, 'STOP');
      await account.tells('unreachable');
      await sh(signal, 'CONT');
      await account.tells('engine-started');
    },
  },
];

/**
 * The faults of one service, in a machine of its own, and what is its own besides.
 * @param own more tests on the same machine; each begins and ends with the engine up, and no listener at work
 */
export function describeService(service: EngineService, own: (scene: () => ServiceScene) => void): void {
  describe(service.name, () => {
    let booted: ServiceScene | undefined;
    const scene = () => {
      if (booted === undefined) throw new Error('The machine is not booted yet');
      return booted;
    };
    beforeAll(async () => {
      const { options, socket, pidfile } = service;
      const made = await bootStage({ version: '28.5', socketActivation: true, ...options, socket, pidfile });
      const sh = (script: string, ...words: string[]) =>
        made.machine.run(['sh', '-euc', script, 'sh', ...words]);
      booted = { ...made, sh };
      await answers(booted, service);
    });
    afterAll(async () => {
      await booted?.stage.clear();
      await booted?.machine.clear();
    });

    test.for(faults.map((fault) => [fault.name, fault] as const))('%s', async ([, fault], { task }) => {
      const { stage } = scene();
      const before = stage.reckon();
      const account = openAccount(stage);
      const listener = stage.listen('--no-notifier', ...(fault.words ?? []));
      let played = 0;
      try {
        await account.tells('listener-started');
        for (; played < rounds; played++) await fault.play(scene(), account, service);
        await account.close(listener);
      } catch (error) {
        process.stdout.write(
          `lab  ${fault.name}, round ${played + 1}; the listener said last:\n${stage.log()}\n`,
        );
        throw error;
      } finally {
        await listener.kill();
        task.meta.reckoning = reckoned(service, played, stage, before);
      }
    });

    test('restarts as fast as it goes', async ({ task }) => {
      const { stage, sh } = scene();
      const before = stage.reckon();
      const listener = stage.listen('--no-notifier');
      await listener.next(0, hooksDone('start'));
      for (let round = 0; round < rounds; round++) {
        const [lines, ran] = [listener.lines.length, stage.runs().length];
        for (let time = 0; time < fast; time++) {
          await sh(service.restart);
          // Up for one answer: an engine that ends before it may be missed.
          await answers(scene(), service);
        }
        await waitFor(() => listener.lines.slice(lines).filter(hooksDone('start')).length >= fast).catch(
          () => {},
        );
        await expectPairs(listener, lines, stage.runs().slice(ran), service);
      }
      expect(await listener.end()).toBe(0);
      task.meta.reckoning = reckoned(service, rounds, stage, before);
    });

    test('the listener restarted between: nothing happened, a restart, a stop meanwhile', async ({
      task,
    }) => {
      const { stage, sh } = scene();
      const before = stage.reckon();
      const listen = () => stage.listen('--no-notifier', '--when-started', 'new');
      let listener = listen();
      const ran: string[] = [];
      const began = stage.runs().length;
      const runs = () => stage.runs().slice(began);
      const expectRuns = async (...events: string[]) => {
        ran.push(...events.flatMap((event) => ['10-a', '20-b'].map((name) => `on_${event}/${name}`)));
        await waitFor(() => runs().length >= ran.length).catch(() => {});
        expect(runs().map((run) => run.split(' ')[0])).toEqual(ran);
      };
      /** Ends the listener, does something, and holds what the next one reports and runs. */
      const meanwhile = async (script: string, reported: readonly string[], ...events: string[]) => {
        expect(await listener.end()).toBe(0);
        await sh(script);
        listener = listen();
        await waitFor(() => reportsIn(listener.lines).length >= reported.length).catch(() => {});
        expect(reportsIn(listener.lines)).toEqual(reported);
        await expectRuns(...events);
      };
      await listener.next(0, ofKind('transition'));
      await meanwhile('', ['start listener-started']);
      for (let round = 0; round < rounds; round++) {
        await meanwhile('', ['start listener-started']);
        const restarted = `${service.restart}; until ${service.answers}; do sleep 0.1; done`;
        await meanwhile(restarted, ['stop listener-started', 'start listener-started'], 'stop', 'start');
        await meanwhile(service.stop, ['stop listener-started'], 'stop');
        await sh(service.start);
        await expectRuns('start');
        expect(reportsIn(listener.lines).at(-1)).toBe('start engine-started');
      }
      expect(await listener.end()).toBe(0);
      task.meta.reckoning = reckoned(service, rounds, stage, before);
    });

    test('the whole machine restarted, with the listener installed', async ({ task }) => {
      const { machine, sh } = scene();
      const program = (...words: string[]) => machine.run([machine.node, machine.program, ...words]);
      const runs = async () =>
        (await machine.attempt(['cat', '/var/lib/runs'])).stdout.split('\n').filter(Boolean);
      await sh(installed, `hosts = ["unix://${service.socket}"]`);
      await program('install', '--yes', ...service.install);
      const expected = [/^start listener-started$/];
      for (let round = 0; ; round++) {
        await waitFor(async () => (await runs()).length >= expected.length).catch(() => {});
        expect(await runs()).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
        if (round === rounds) break;
        await machine.reboot();
        await answers(scene(), service);
        // The listener is started by the machine too, before the engine answers or after it.
        expected.push(/^stop (shutdown|requested)$/, /^start (engine|listener)-started$/);
      }
      await program('uninstall', '--yes', '--purge');
      task.meta.reckoning = {
        engine: service.name,
        rounds,
        transitions: expected.length,
        hooks: expected.length,
      };
    });

    own(scene);
  });
}

/** The number of restarts of an engine in one round. */
const fast = 3;

/** Settings with the line `$1`, and hooks that write what they run for. */
const installed = `
printf '%s\\n' "$1" >/etc/docker-lifecycle-listener.toml
for event in on_start on_stop; do
  mkdir -p /etc/docker-lifecycle-listener.d/$event
  printf '#!/bin/sh\\necho "$1 $DOCKER_LIFECYCLE_REASON" >>/var/lib/runs\\n' >/etc/docker-lifecycle-listener.d/$event/10-a
  chmod 755 /etc/docker-lifecycle-listener.d/$event/10-a
done
rm -f /var/lib/runs
`;

/** The transitions in a log, each as `stop shutdown`. */
function reportsIn(lines: readonly LogLine[]): string[] {
  return lines.filter(ofKind('transition')).map((line) => {
    const { event, reason } = transitionOf(line);
    return `${event} ${reason}`;
  });
}

async function answers({ machine }: Pick<ServiceScene, 'machine'>, service: EngineService): Promise<void> {
  await waitFor(async () => (await machine.attempt(['sh', '-c', service.answers])).code === 0, room(60_000));
}

async function expectPairs(
  listener: WatchedListener,
  from: number,
  ran: readonly string[],
  { pidfile }: EngineService,
): Promise<void> {
  expect(transitionsIn(listener.lines.slice(from))).toEqual(Array(fast).fill(['stop', 'start']).flat());
  // Hooks of a start that was over before they began are left out; never are those of a stop.
  const count = (pattern: RegExp) => ran.filter((run) => pattern.test(run)).length;
  for (const name of ['10-a', '20-b']) {
    expect(count(new RegExp(`^on_stop/${name} stop (${cause('shutdown', pidfile).join('|')})$`))).toBe(fast);
    expect(count(new RegExp(`^on_start/${name} start engine-started$`))).toBeLessThanOrEqual(fast);
  }
}

function reckoned(
  { name }: EngineService,
  played: number,
  stage: LabStage,
  before: ReturnType<LabStage['reckon']>,
) {
  const { transitions, hooks } = stage.reckon();
  return {
    engine: name,
    rounds: played,
    transitions: transitions - before.transitions,
    hooks: hooks - before.hooks,
  };
}
