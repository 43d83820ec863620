import { describe, expect, test } from 'vitest';
import { layOut } from '../../src/service/layout.ts';
import type { Supervisor } from '../../src/service/machine.ts';
import type { NotifierChoice, ServiceOptions } from '../../src/service/manifest.ts';
import {
  decideNotifier,
  type NotifierEngine,
  type NotifierFacts,
} from '../../src/service/notifier-container.ts';

const layout = layOut('/usr/local', '1.0.0');
const command = '/usr/local/bin/docker-lifecycle-listener';
const systemd: Supervisor = { kind: 'systemd', notifies: true };
const none: Supervisor = { kind: 'none' };
const words = ['--host', 'unix:///var/run/docker.sock'];
const up: NotifierEngine = { kind: 'up', words, container: 'wanting' };

function decide(
  choice: NotifierChoice | undefined,
  supervisor: Supervisor,
  facts: Partial<NotifierFacts> = {},
  before = false,
  port?: number,
) {
  const service: ServiceOptions = {
    scriptDir: '/etc/hooks',
    port,
    dockerUnit: 'docker.service',
    stopWait: 30,
    ...(choice && { notifier: choice }),
  };
  const all = { mode: 'hint', companionWorks: true, engine: up, ...facts } as const;
  const decision = decideNotifier(service, supervisor, all, layout, before ? { engine: words } : undefined);
  const run = decision.steps.map((step) => (step.kind === 'run' ? step.words.join(' ') : ''));
  return { run, said: decision.said, installed: decision.installed !== undefined, steps: decision.steps };
}

const installs = `${command} notifier install --host unix:///var/run/docker.sock`;
const removes = `${command} notifier remove --host unix:///var/run/docker.sock`;

describe('auto', () => {
  test.each([undefined, 'auto'] as const)(
    'leaves it out where the companion does its work, and says why: %s',
    (choice) => {
      const { run, said, installed } = decide(choice, systemd);
      expect({ run, installed }).toEqual({ run: [], installed: false });
      expect(said).toContain('the companion unit');
      expect(said).toContain('12 MB');
    },
  );

  test('has it where there is no companion, or nothing for it to wait for', () => {
    for (const decided of [decide('auto', none), decide('auto', systemd, { companionWorks: false })]) {
      expect(decided).toMatchObject({ run: [installs], said: undefined, installed: true });
      // Nobody asked for it by name: the service is worth more.
      expect(decided.steps).toMatchObject([{ mayFail: true, shows: true }]);
    }
  });

  test('takes away what an earlier one has made', () => {
    expect(decide('auto', systemd, {}, true)).toMatchObject({ run: [removes], installed: false });
  });
});

describe('always', () => {
  test('has it beside the companion too, on the port of the service, and fails where it cannot', () => {
    const { run, steps, installed } = decide('always', systemd, {}, false, 5000);
    expect(run).toEqual([`${command} notifier install --port 5000 --host unix:///var/run/docker.sock`]);
    expect(steps[0]).not.toHaveProperty('mayFail');
    // Without a supervisor there is no listener yet to be reached.
    expect(decide('always', none).steps).toMatchObject([{ mayFail: true }]);
    expect(installed).toBe(true);
  });

  test('has nothing to do where it is in place; what others have made is not ours to remove later', () => {
    const engine: NotifierEngine = { kind: 'up', words, container: 'in-place' };
    expect(decide('always', systemd, { engine })).toMatchObject({ run: [], installed: false });
    expect(decide('always', systemd, { engine }, true)).toMatchObject({ run: [], installed: true });
    // The step fails, and says why.
    const silent: NotifierEngine = { kind: 'up', words, container: 'silent' };
    expect(decide('always', systemd, { engine: silent })).toMatchObject({
      run: [installs],
      installed: false,
    });
    expect(decide('always', systemd, { engine: silent }, true)).toMatchObject({ installed: true });
  });

  test.each([
    [{ engine: { kind: 'down' } }, 'Docker is not up'],
    [{ engine: { kind: 'rootless' } }, 'Docker is rootless'],
    [{ engine: { kind: 'elsewhere' } }, 'another machine'],
    [{ engine: { kind: 'several' } }, 'once for each'],
    [{ mode: 'off' }, 'switch the notifier off'],
  ] as const)('starts no Docker and needs a sense: %j', (facts, says) => {
    const { run, said } = decide('always', systemd, facts);
    expect(run).toEqual([]);
    expect(said).toContain(says);
  });
});

test('never takes away what install has made, and has nothing to say where there is none', () => {
  expect(decide('never', none)).toMatchObject({ run: [], said: undefined });
  expect(decide('never', none, {}, true)).toMatchObject({ run: [removes], installed: false });
});
