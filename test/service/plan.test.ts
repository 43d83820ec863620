import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NotifierFacts } from '../../src/service/notifier-container.ts';
import type { Wanted } from '../../src/service/wanted.ts';
import {
  allRuns,
  current,
  debian,
  dropIns,
  install,
  service,
  settings,
  uninstall,
  unit,
} from '../support/installing.ts';

describe('install', () => {
  test('a second one finds everything as it should be', () => {
    const disk = debian(allRuns);
    expect(install(disk).steps.length).toBeGreaterThan(10);
    expect(install(disk)).toEqual({ steps: [], kept: [] });
  });

  test('turns to the new version after it was tried, and before anything is restarted', () => {
    const disk = debian(allRuns);
    const kinds = install(disk).steps.map((step) =>
      step.kind === 'run' ? step.words.slice(0, 2).join(' ') : `${step.kind} ${step.path}`,
    );
    const at = (text: string) => kinds.findIndex((kind) => kind.startsWith(text));
    const order = ['copy', '/usr/local/lib/docker-lifecycle-listener/1.0.0/node', `link ${current}`];
    const places = [...order, 'systemctl daemon-reload', 'systemctl restart'].map(at);
    expect(places).toEqual([...places].sort((one, other) => one - other));
    expect(places[0]).toBeGreaterThanOrEqual(0);
  });

  test('the parts of the program are there before the program, and before anything runs it', () => {
    const disk = debian(allRuns);
    const folder = '/usr/local/lib/docker-lifecycle-listener/1.0.0';
    const all = install(disk).steps.map((step) => ('path' in step ? step.path : step.words.join(' ')));
    const order = [
      `${folder}/parts`,
      `${folder}/parts/daemon-1.js`,
      `${folder}/docker-lifecycle-listener.js`,
      `${folder}/node ${folder}/docker-lifecycle-listener.js check-parts`,
      current,
    ].map((path) => all.indexOf(path));
    expect(order).toEqual([...order].sort((one, other) => one - other));
    expect(order[0]).toBeGreaterThanOrEqual(0);
    expect(disk.items.get(`${current.replace('current', '1.0.0')}/parts/daemon-1.js`)).toEqual({
      kind: 'file',
      content: 'daemon',
    });
  });

  test('of the same version again removes the parts that it does not have any more, when the new ones run', () => {
    const disk = debian(allRuns);
    install(disk, '0.9.0');
    install(disk);
    disk.write('/home/parts/daemon-2.js', 'another daemon');
    const parts = [{ name: 'daemon-2.js', path: '/home/parts/daemon-2.js' }];
    const runtime = { node: '/home/node', bundle: '/home/bundle.js', parts };
    const { steps } = install(disk, '1.0.0', {}, '/usr/local', { runtime });
    const of = (version: string) => disk.list(`/usr/local/lib/docker-lifecycle-listener/${version}/parts`);
    expect([of('0.9.0'), of('1.0.0')]).toEqual([['daemon-1.js'], ['daemon-2.js']]);
    const kinds = steps.map(({ kind }) => kind);
    expect(kinds.indexOf('remove')).toBeGreaterThan(kinds.lastIndexOf('run'));
    expect(install(disk, '1.0.0', {}, '/usr/local', { runtime })).toEqual({ steps: [], kept: [] });
    uninstall(disk, true);
    expect(disk.list('/usr/local/lib')).toEqual([]);
  });

  test('a new version restarts the listener, and leaves the units and the companion alone', () => {
    const disk = debian(allRuns);
    install(disk);
    disk.commands.length = 0;
    install(disk, '1.1.0');
    expect(disk.commands.filter((command) => command.startsWith('systemctl'))).toEqual([
      'systemctl restart docker-lifecycle-listener.service',
    ]);
    expect(disk.items.get(current)).toEqual({ kind: 'link', target: '1.1.0' });
  });

  test('below another prefix, where systemd does not look, the units are in /etc', () => {
    const disk = debian(allRuns);
    install(disk, '1.0.0', {}, '/opt/ours');
    expect(disk.list('/etc/systemd/system')).toEqual([
      'docker-lifecycle-listener.service',
      'docker-lifecycle-companion.service',
    ]);
    expect(install(disk, '1.0.0', {}, '/opt/ours')).toEqual({ steps: [], kept: [] });
    uninstall(disk, true);
    expect(
      [...disk.items.keys()].filter((path) => path.includes('lifecycle') || path.includes('ours')),
    ).toEqual([]);
  });

  test('another unit of Docker’s has the companion started with that one', () => {
    const disk = debian(allRuns);
    install(disk);
    disk.commands.length = 0;
    install(disk, '1.0.0', { dockerUnit: 'snap.docker.dockerd.service' });
    expect(disk.commands).toEqual([
      'systemctl daemon-reload',
      'systemctl reenable --quiet docker-lifecycle-companion.service',
      'systemctl restart docker-lifecycle-listener.service',
    ]);
  });

  test('the version before stays, for a way back; older ones go', () => {
    const disk = debian(allRuns);
    for (const version of ['1.0.0', '1.1.0', '1.2.0', '1.2.0']) install(disk, version);
    expect(disk.list('/usr/local/lib/docker-lifecycle-listener')).toEqual(['current', '1.1.0', '1.2.0']);
    uninstall(disk, true);
    expect(disk.listing()).toEqual(
      debian()
        .listing()
        .map((line) => line.replace('bundle 1', 'bundle 1.2.0')),
    );
  });

  test('a unit that was edited is kept and reported, and one of another version replaced', () => {
    const disk = debian(allRuns);
    install(disk);
    expect(install(disk, '1.0.0', { port: 5000 }).steps.map((step) => 'path' in step && step.path)).toContain(
      unit,
    );
    disk.write(unit, 'mine');
    const { kept } = install(disk, '1.1.0');
    expect(kept).toMatchObject([{ path: unit, reason: expect.stringContaining('changed') }]);
    expect(disk.items.get(unit)).toEqual({ kind: 'file', content: 'mine' });
  });

  test('a foreign file where ours would be is kept and reported', () => {
    const disk = debian();
    disk.write('/usr/local/bin/docker-lifecycle-listener', 'npm');
    expect(install(disk).kept).toMatchObject([{ path: '/usr/local/bin/docker-lifecycle-listener' }]);
    uninstall(disk, true);
    expect(disk.items.has('/usr/local/bin/docker-lifecycle-listener')).toBe(true);
  });

  test('a unit of the administrator’s own, and a masked one, are reported', () => {
    const disk = debian((words) => (words[1] === 'show' ? 'LoadState=masked' : undefined));
    disk.items.set('/etc/systemd/system/docker-lifecycle-listener.service', {
      kind: 'link',
      target: '/dev/null',
    });
    const { kept } = install(disk);
    expect(kept).toMatchObject([{ fix: 'Run: systemctl unmask docker-lifecycle-listener.service' }]);
    expect(disk.commands.join()).not.toContain('restart');
  });
});

describe('uninstall', () => {
  test('twice is fine', () => {
    const disk = debian();
    install(disk);
    uninstall(disk);
    expect(uninstall(disk)).toEqual({ steps: [], kept: [] });
  });

  test('a service that is masked is stopped as well', () => {
    const disk = debian((words) =>
      words[1] === 'show' ? 'ActiveState=active\nLoadState=masked' : undefined,
    );
    install(disk);
    uninstall(disk);
    expect(disk.commands).toContain(
      'systemctl disable --quiet --now docker-lifecycle-companion.service docker-lifecycle-listener.service',
    );
  });

  test('hooks for what containers do are listed too', () => {
    const disk = debian();
    install(disk);
    disk.items.set(`${service.scriptDir}/on_container_start`, { kind: 'folder' });
    disk.write(`${service.scriptDir}/on_container_start/10-a`, 'mine');
    expect(uninstall(disk).kept.map(({ path }) => path)).toEqual([service.scriptDir]);
  });

  test('a folder where a file of ours was is kept even with --purge', () => {
    const disk = debian();
    install(disk);
    disk.items.set('/usr/local/bin/docker-lifecycle-listener', { kind: 'folder' });
    const { steps, kept } = uninstall(disk, true);
    expect(kept.map(({ path }) => path)).toEqual(['/usr/local/bin/docker-lifecycle-listener']);
    expect(steps).not.toContainEqual(
      expect.objectContaining({ path: '/usr/local/bin/docker-lifecycle-listener' }),
    );
  });

  test('hooks, settings and what was remembered stay, and go with --purge', () => {
    for (const purge of [false, true]) {
      const disk = debian();
      const before = disk.listing();
      install(disk, '1');
      const mine = [
        `${service.scriptDir}/on_start/10-a`,
        settings,
        `${dropIns}/mine.conf`,
        '/var/lib/docker-lifecycle-listener/engines.json',
      ];
      disk.items.set(dropIns, { kind: 'folder' });
      for (const path of mine) disk.write(path, 'mine');
      const { kept } = uninstall(disk, purge);
      for (const path of mine) expect(disk.items.has(path)).toBe(!purge);
      if (purge) expect(disk.listing()).toEqual(before);
      else
        expect(kept.map(({ path }) => path)).toEqual([
          service.scriptDir,
          settings,
          dropIns,
          '/var/lib/docker-lifecycle-listener',
        ]);
    }
  });

  test('an upgrade has the listener open no port where there is no notifier, and else leaves that to it', () => {
    const facts = (container: 'missing' | 'wanting' | 'in-place') =>
      ({ mode: 'hint', companionWorks: true, engine: { kind: 'up', words: [], container } }) as const;
    const file = '/var/lib/docker-lifecycle-listener/notifier.json';
    const writes = (disk: ReturnType<typeof debian>, version: string, notifier: NotifierFacts) =>
      install(disk, version, {}, '/usr/local', { notifier }).steps.filter(
        (step) => step.kind === 'file' && step.path === file,
      );
    const disk = debian(allRuns);
    expect(writes(disk, '1.0.0', facts('missing'))).toEqual([]);
    expect(writes(disk, '1.1.0', facts('in-place'))).toEqual([]);
    expect(writes(disk, '1.2.0', { ...facts('missing'), engine: { kind: 'down' } })).toEqual([]);
    expect(writes(disk, '1.3.0', facts('missing'))).toMatchObject([
      { content: '{"version":1,"port":null}\n' },
    ]);
    expect(writes(disk, '1.4.0', facts('missing'))).toEqual([]);
  });

  test('the notifier’s container goes when the listener has ended, while the program is there; where Docker is down it is reported', () => {
    const facts = {
      mode: 'hint',
      companionWorks: true,
      engine: { kind: 'up', words: ['--host', 'unix:///x'], container: 'wanting' },
    } as const;
    for (const dockerIsUp of [true, false]) {
      const disk = debian(allRuns);
      const { steps } = install(disk, '1.0.0', { notifier: 'always' }, '/usr/local', { notifier: facts });
      // Last, when there is a listener that it could reach.
      expect(steps.at(-1)).toMatchObject({ words: expect.arrayContaining(['notifier', 'install']) });
      const { steps: ending, kept } = uninstall(disk, false, dockerIsUp);
      const words = ending.map((step) =>
        step.kind === 'run' ? step.words.slice(0, 3).join(' ') : step.kind,
      );
      const removes = words.findIndex((line) => line.endsWith('notifier remove'));
      if (!dockerIsUp) expect(removes).toBe(-1);
      else {
        // A listener that trusts the notifier would take its end for Docker's.
        expect(removes).toBeGreaterThan(words.indexOf('systemctl disable --quiet'));
        expect(removes).toBeLessThan(words.indexOf('remove'));
      }
      expect(kept.map(({ path }) => path)).toEqual(
        dockerIsUp ? [] : ['docker-lifecycle-notifier (container and image)'],
      );
    }
  });

  test('a script folder that was there before install is never removed', () => {
    const disk = debian();
    disk.items.set(service.scriptDir, { kind: 'folder' });
    disk.write(`${service.scriptDir}/mine`, 'mine');
    install(disk);
    const { kept } = uninstall(disk, true);
    expect(kept.map(({ path }) => path)).toEqual([service.scriptDir]);
    expect(disk.items.has(`${service.scriptDir}/mine`)).toBe(true);
  });

  test('whatever was installed, edited and added before: what is left is what others wrote', () => {
    const version = fc.constantFrom('1.0.0', '1.1.0', '2.0.0');
    const path = fc.constantFrom(
      unit,
      '/usr/local/bin/docker-lifecycle-listener',
      '/usr/local/bin/other',
      `${service.scriptDir}/on_stop/10-a`,
      '/usr/local/lib/docker-lifecycle-listener/1.0.0/other',
    );
    const action = fc.oneof(
      fc.record({ kind: fc.constant('install' as const), version }),
      fc.record({ kind: fc.constant('write' as const), path }),
      fc.record({ kind: fc.constant('uninstall' as const) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 12 }), (actions) => {
        const disk = debian();
        const others = new Set<string>();
        for (const done of actions) {
          if (done.kind === 'install') install(disk, done.version);
          else if (done.kind === 'uninstall') uninstall(disk);
          else if (disk.items.get(done.path.slice(0, done.path.lastIndexOf('/')))?.kind === 'folder') {
            disk.write(done.path, 'of somebody else');
            others.add(done.path);
          }
        }
        uninstall(disk);
        for (const one of others) {
          expect(disk.items.get(one)).toEqual({ kind: 'file', content: 'of somebody else' });
        }
        const files = [...disk.items].filter(
          ([at, item]) => item.kind !== 'folder' && !at.startsWith('/home'),
        );
        expect(files.map(([at]) => at).sort()).toEqual([...others].sort());
      }),
    );
  });
});

describe('the settings file', () => {
  const extras = (content = '#grace = "10s"\n'): Wanted[] => [
    { kind: 'file', path: settings, mode: 0o644, editable: true, yields: true, content, reason: 'r' },
  ];
  const renew = (disk: ReturnType<typeof debian>, content?: string) =>
    install(disk, '1.0.0', {}, '/usr/local', { extras: extras(content) });

  test('is written where there is none, renewed while it is as it was, and gone after uninstall', () => {
    const disk = debian(allRuns);
    renew(disk);
    expect(disk.items.get(settings)).toEqual({ kind: 'file', content: '#grace = "10s"\n' });
    renew(disk, '# newer\n');
    expect(disk.items.get(settings)).toEqual({ kind: 'file', content: '# newer\n' });
    const { kept } = uninstall(disk);
    expect(kept.map(({ path }) => path)).not.toContain(settings);
    expect(disk.items.has(settings)).toBe(false);
  });

  test('that was edited stays, without a word at each upgrade; only --purge removes it', () => {
    const disk = debian(allRuns);
    renew(disk);
    disk.write(settings, 'grace = "5s"\n');
    expect(renew(disk, '# newer\n')).toEqual({ steps: [], kept: [] });
    const { kept } = uninstall(disk);
    expect(kept.filter(({ path }) => path === settings)).toHaveLength(1);
    expect(disk.items.get(settings)).toEqual({ kind: 'file', content: 'grace = "5s"\n' });
  });

  test('that was there before install is the administrator’s', () => {
    const disk = debian(allRuns);
    disk.write(settings, 'grace = "5s"\n');
    expect(renew(disk).kept).toEqual([]);
    expect(renew(disk)).toEqual({ steps: [], kept: [] });
    expect(uninstall(disk).kept).toContainEqual({ path: settings, reason: 'your settings' });
    renew(disk);
    uninstall(disk, true);
    expect(disk.items.has(settings)).toBe(false);
  });
});
