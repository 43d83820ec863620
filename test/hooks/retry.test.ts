import { afterEach, expect, test } from 'vitest';
import type { SingleHookSettings } from '../../src/hooks/settings.ts';
import { createHookStage, type HookStage, transition, waitForLines } from '../support/hook-stage.ts';
import { pace, waitFor } from '../support/wait-for.ts';

let stage: HookStage;
afterEach(() => stage.clear());

function stageWith(settings: SingleHookSettings, name = 'on_start/10-vpn'): void {
  stage = createHookStage({ grace: 200, hooks: new Map([[name, settings]]) });
}

/** A hook that notes each attempt, and succeeds at the third. */
const thirdTime = (path: string) => `echo "\${DOCKER_LIFECYCLE_ATTEMPT-none}" >>${path}
[ "$(wc -l <${path})" -ge 3 ]`;

test('a hook that fails is run again, with growing waits, before the next hook begins', async () => {
  stageWith({ retry: { times: 5, wait: 20 } });
  stage.hook('on_start/10-vpn', thirdTime(stage.path('log')));
  stage.hook('on_start/20-next', `echo "next \${DOCKER_LIFECYCLE_ATTEMPT-none}" >>${stage.path('log')}`);
  await stage.run('start');
  expect(stage.lines('log')).toEqual(['1', '2', '3', 'next none']);
  expect(
    stage.of('hook-retries').map(({ attempt, attempts, afterMs }) => [attempt, attempts, afterMs]),
  ).toEqual([
    [2, 6, 20],
    [3, 6, 40],
  ]);
  expect(stage.of('hook-started').map(({ attempt }) => attempt)).toEqual([1, 2, 3, undefined]);
  expect(stage.of('hooks-done')).toMatchObject([{ ran: 2, failed: 0 }]);
});

test('the chain goes on after the last attempt, and ends there with stop_on_failure', async () => {
  for (const stopChainOnFailure of [false, true]) {
    stageWith({ retry: { times: 1, wait: 10 }, stopChainOnFailure });
    stage.hook('on_start/10-vpn', 'exit 1');
    stage.hook('on_start/20-next', 'echo next');
    await stage.run('start');
    expect(stage.of('hook-ended').map(({ hook }) => hook)).toEqual([
      'on_start/10-vpn',
      'on_start/10-vpn',
      ...(stopChainOnFailure ? [] : ['on_start/20-next']),
    ]);
    expect(stage.of('chain-stopped')).toHaveLength(stopChainOnFailure ? 1 : 0);
    if (!stopChainOnFailure) await stage.clear();
  }
});

test('one that is killed or takes too long has failed too', async () => {
  stageWith({ retry: { times: 2, wait: 10 }, timeout: 300 * pace });
  const log = stage.path('log');
  const script = `echo x >>${log}
case $(wc -l <${log}) in 1) kill -KILL $$ ;; 2) exec sleep 60 ;; esac`;
  stage.hook('on_start/10-vpn', script);
  await stage.run('start');
  expect(stage.of('hook-ended').map(({ outcome }) => outcome.kind)).toEqual(['killed', 'ended', 'exited']);
});

test("Docker's stop ends the wait for an attempt at once, and no other attempt follows", async () => {
  stageWith({ retry: { times: 5, wait: 3_600_000 } });
  stage.hook('on_start/10-vpn', 'exit 1');
  stage.hook('on_stop/10-vpn', `echo stop >>${stage.path('log')}`);
  stage.push('start');
  await waitFor(() => stage.of('hook-retries').length === 1);
  expect(stage.queue.snapshot().current?.hook).toMatchObject({
    name: 'on_start/10-vpn',
    pid: undefined,
    attempt: { number: 2, most: 6, startsAt: expect.any(Number) },
  });
  await stage.run('stop');
  expect(stage.lines('log')).toEqual(['stop']);
  expect(stage.of('hook-started').map(({ hook }) => hook)).toEqual(['on_start/10-vpn', 'on_stop/10-vpn']);
});

test("Docker's stop ends an attempt that runs, and no other attempt follows", async () => {
  stageWith({ retry: { times: 5, wait: 10 } });
  const log = stage.path('log');
  stage.hook(
    'on_start/10-vpn',
    `echo x >>${log}
[ $(wc -l <${log}) = 1 ] && exit 1
exec sleep 60`,
  );
  stage.push('start');
  await waitForLines(stage, 'log', 2);
  await stage.run('stop');
  expect(stage.lines('log')).toEqual(['x', 'x']);
});

test('the end of the listener ends the wait', async () => {
  stageWith({ retry: { times: 5, wait: 3_600_000 } });
  stage.hook('on_start/10-vpn', 'exit 1');
  stage.push('start');
  await waitFor(() => stage.of('hook-retries').length === 1);
  stage.ending.abort();
  await stage.queue.idle();
  expect(stage.of('hook-started')).toHaveLength(1);
});

test('a hook that is switched off during the wait is not run again', async () => {
  stageWith({ retry: { times: 5, wait: 500 } });
  stage.hook('on_start/10-vpn', 'exit 1');
  stage.push('start');
  await waitFor(() => stage.of('hook-retries').length === 1);
  stage.hook('on_start/10-vpn', 'exit 1', 0o644);
  await stage.queue.idle();
  expect(stage.of('hook-left-out')).toMatchObject([{ why: 'switched-off' }]);
  expect(stage.of('hook-started')).toHaveLength(1);
});

test('a hook that is asked for by hand is run once', async () => {
  stageWith({ retry: { times: 5, wait: 10 } });
  stage.hook('on_start/10-vpn', 'exit 1');
  const requested = { ...transition('start'), reason: 'requested' as const };
  await stage.queue.request(requested, { only: undefined, report: () => {} });
  expect(stage.of('hook-started')).toHaveLength(1);
});
