import { describe, expect, test } from 'vitest';
import type { NotifierHealth } from '../../src/cli/describe-notifier.ts';
import { judgeClock } from '../../src/cli/doctor/clock.ts';
import { judgeNotifier } from '../../src/cli/doctor/notifier.ts';
import { version } from '../../src/version.ts';
import { defaultEndpoint, unixEndpoint } from '../../src/watch/endpoint/endpoint.ts';

describe('the clock', () => {
  const now = Date.parse('2026-11-24T12:00:00Z');
  const hour = 3_600_000;
  const judge = (latest: number | undefined, start?: { written: number; counted: number }) =>
    judgeClock({ now, latest, start }, 'linux')[0];

  test('is held against nothing where there is no journal', () => {
    expect(judge(undefined)).toBeUndefined();
  });

  test('behind the journal was set back, and that has a fix', () => {
    expect(judge(now + 2 * hour)).toMatchObject({
      verdict: 'wrong',
      cure: expect.stringContaining('timedatectl'),
    });
    expect(judge(now + 2 * hour)?.found).toContain('2 h before the newest record');
  });

  test.each([
    ['forward', hour],
    ['back', -hour],
  ])('that was set %s since the listener started is worth knowing', (how, jump) => {
    const started = now - 5 * hour;
    const found = judge(now - 1000, { written: started, counted: started + jump });
    expect(found?.verdict).toBe('note');
    expect(found?.found).toContain(`set ${how} by 1 h`);
  });

  test('that a busy machine’s start and a second’s rounding explain is right', () => {
    const started = now - hour;
    expect(judge(now + 1000, { written: started, counted: started - 4000 })?.verdict).toBe('ok');
    expect(judge(now - 1000)?.verdict).toBe('ok');
  });
});

describe('the notifier', () => {
  const engine = { name: 'default', endpoint: defaultEndpoint, pidfile: undefined, chosenBy: 'default' };
  const present = {
    kind: 'present',
    id: 'c1',
    running: true,
    state: 'running',
    version,
    base: 'busybox',
    image: 'sha256:1',
    host: 'host.docker.internal',
    port: 47_200,
    trip: { kind: 'answered', time: 20 },
  } as const satisfies NotifierHealth;
  const judge = (health: NotifierHealth, isWanted = false, companion = false) =>
    judgeNotifier(health, engine, isWanted, companion);

  test.each([
    ['delivers', present, 'ok', 'answers it at host.docker.internal, port 47200'],
    ['reaches nobody', { ...present, trip: { kind: 'nobody' } }, 'wrong', 'no listener answers there'],
    ['is kept from it', { ...present, trip: { kind: 'silence' } }, 'wrong', 'no reply'],
    ['knows no host', { ...present, trip: { kind: 'no-name' } }, 'wrong', 'name is not known'],
    ['cannot ask', { ...present, trip: { kind: 'not-asked', why: 'no such exec' } }, 'wrong', 'no such exec'],
    ['was stopped', { ...present, running: false, state: 'exited', trip: undefined }, 'wrong', 'exited'],
    ['is older', { ...present, version: '0.0.1', trip: undefined }, 'note', 'of version 0.0.1'],
    ['was built by hand', { ...present, version: undefined, trip: undefined }, 'note', 'built by hand'],
    ['is a foreign one', { kind: 'foreign', image: 'nginx' }, 'wrong', 'runs nginx'],
  ] as const)('that %s', (_, health, verdict, says) => {
    const finding = judge(health);
    expect(finding.verdict).toBe(verdict);
    expect(finding.found).toContain(says);
    if (verdict !== 'ok') expect(finding.cure).toBeDefined();
  });

  test('may be missing, unless it was asked for', () => {
    const missing = { kind: 'missing' } as const;
    expect(judge(missing, true)).toMatchObject({
      verdict: 'wrong',
      cure: 'Run: docker-lifecycle-listener notifier install',
    });
    expect(judge(missing, false, true)).toMatchObject({ verdict: 'note' });
    expect(judge(missing, false, true)).not.toHaveProperty('cure');
    expect(judge(missing)).toMatchObject({
      verdict: 'note',
      cure: expect.stringContaining('notifier install'),
    });
  });

  test('is not needed by a rootless engine, also where it was asked for', () => {
    const needless = judge({ kind: 'needless' }, true);
    expect(needless).toMatchObject({ verdict: 'note', found: expect.stringContaining('Docker is rootless') });
    expect(needless).not.toHaveProperty('cure');
    const unheard = { ...present, trip: { kind: 'nobody' }, isRootless: true } as const;
    expect(judge(unheard)).toMatchObject({ cure: expect.stringMatching(/rootless.*notifier remove$/) });
    const old = { ...present, version: '0.0.1', trip: undefined, isRootless: true } as const;
    const ended = { ...present, running: false, state: 'exited', trip: undefined, isRootless: true } as const;
    for (const health of [old, ended]) expect(judge(health).cure).toMatch(/rootless.*notifier remove$/);
  });

  test('of another engine is mended in that one', () => {
    const endpoint = unixEndpoint('/run/other.sock');
    const elsewhere = { ...engine, name: endpoint.url, endpoint, chosenBy: 'DOCKER_HOST' };
    const { cure } = judgeNotifier({ kind: 'missing' }, elsewhere, true, false);
    expect(cure).toBe('Run: docker-lifecycle-listener notifier install --host unix:///run/other.sock');
  });
});
