import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { WatchedListener } from '../../src/demo/listener.ts';
import { run } from '../support/lab/command.ts';
import { createLabEngine, type LabEngine } from '../support/lab/engine.ts';
import { rootOf } from '../support/lab/folder.ts';
import { loadBusybox } from '../support/lab/images.ts';
import { createLabStage, type LabStage } from '../support/lab/stage.ts';
import { ofKind } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';

const examples = fileURLToPath(new URL('../../examples/hooks/', import.meta.url));

let engine: LabEngine;
let stage: LabStage;
beforeEach(async () => {
  engine = await createLabEngine({ version: '26.1', network: 'private' });
  await engine.start();
  await loadBusybox(engine);
  stage = await createLabStage(engine, { listen: [] });
});
afterEach(async () => {
  await stage?.clear();
  await engine?.clear();
});

/** Starts a listener with these examples as they are shipped, and settings as an administrator would write them. */
async function listenWith(
  names: readonly string[],
  settings: string,
  environment: Readonly<Record<string, string>>,
): Promise<WatchedListener> {
  const tools = join(stage.folder, 'tools');
  mkdirSync(tools);
  tool('docker', `exec ${rootOf('26.1')}/usr/bin/docker "$@"`);
  // On the engine's files, in the network where it is called.
  for (const name of ['iptables', 'ip6tables']) {
    tool(name, `exec nsenter --target ${engine.pid} --mount --root -- ${name} "$@"`);
  }
  const path = `${tools}:/usr/sbin:/usr/bin:/sbin:/bin`;
  const variables = Object.entries({ PATH: path, ...environment }).map(
    ([name, value]) => `${name} = ${JSON.stringify(value)}`,
  );
  const tables = names.map((name) => {
    const [folder, file] = name.split('/');
    mkdirSync(join(stage.hooks, dirname(name)), { recursive: true, mode: 0o755 });
    copyFileSync(join(examples, name), join(stage.hooks, name));
    chmodSync(join(stage.hooks, name), 0o755);
    return `[${folder}."${file}"]\n${settings}\nenvironment = { ${variables.join(', ')} }\n`;
  });
  const file = join(stage.folder, 'settings.toml');
  writeFileSync(file, tables.join('\n'));
  const listener = stage.listen('--no-notifier', '--config', file);
  await listener.next(0, ofKind('events-read'));
  return listener;

  function tool(name: string, text: string): void {
    writeFileSync(join(tools, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }
}

const sleep = ['busybox', 'sleep', '1000'];
const start = (...words: string[]) => engine.docker(['run', '--detach', ...words]);
const read = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '');

test('hosts: names of containers come into the file, and go; everything else in it stays', async () => {
  const hosts = join(stage.folder, 'hosts');
  writeFileSync(hosts, '127.0.0.1\tlocalhost\n');
  const both = ['on_container_start/50-hosts', 'on_container_die/50-hosts'] as const;
  expect(read(join(examples, both[0]))).toBe(read(join(examples, both[1])));
  await listenWith(both, '', { HOSTS_FILE: hosts });
  await Promise.all(['web', 'db', 'cache'].map((name) => start('--name', name, ...sleep)));
  const address = await engine.docker(['inspect', '--format', '{{.NetworkSettings.IPAddress}}', 'db']);
  await waitFor(() => ['web', 'db', 'cache'].every((name) => read(hosts).includes(`\t${name}\n`)));
  expect(read(hosts)).toContain(`${address}\tdb\n`);
  expect(read(hosts)).toMatch(/^127\.0\.0\.1\tlocalhost\n# begin/);
  await engine.docker(['rm', '--force', 'db']);
  await waitFor(() => !read(hosts).includes('\tdb\n'));
  await engine.docker(['rm', '--force', 'web', 'cache']);
  await waitFor(() => read(hosts) === '127.0.0.1\tlocalhost\n');
});

test('proxy: it learns of containers with the label alone, and is reloaded when something has changed', async () => {
  const file = join(stage.folder, 'containers.conf');
  const reloads = join(stage.folder, 'reloads');
  await listenWith(
    ['on_container_start/60-proxy', 'on_container_die/60-proxy'],
    'when = { label = "proxy.host" }',
    {
      PROXY_FILE: file,
      PROXY_RELOAD: `echo reloaded >>${reloads}`,
    },
  );
  await start('--name', 'other', ...sleep);
  await start(
    '--name',
    'web',
    '--label',
    'proxy.host=www.example.org',
    '--label',
    'proxy.port=8080',
    ...sleep,
  );
  await waitFor(() => read(reloads) === 'reloaded\n');
  const address = await engine.docker(['inspect', '--format', '{{.NetworkSettings.IPAddress}}', 'web']);
  expect(read(file)).toContain(
    `server_name www.example.org;\n  location / { proxy_pass http://${address}:8080; }`,
  );
  // What is no name must not get into the configuration.
  await start('--name', 'evil', '--label', 'proxy.host=a; } evil {', ...sleep);
  await engine.docker(['rm', '--force', 'web']);
  await waitFor(() => read(reloads) === 'reloaded\nreloaded\n');
  expect(read(file)).toBe('');
});

test('backup: the volumes of a container that ended are packed, also when it is removed at once', async () => {
  const folder = join(stage.folder, 'backups');
  await listenWith(
    ['on_container_die/40-backup'],
    'when = { label = "backup=true" }\nlabels = ["backup.volumes"]',
    { BACKUP_DIR: folder },
  );
  const write = ['busybox', 'sh', '-c', 'echo precious >/data/file'];
  const labels = ['--label', 'backup=true', '--label', 'backup.volumes=kept,gone'];
  await engine.docker(['volume', 'create', 'gone']);
  await start('--name', 'stays', '--label', 'backup=true', '--volume', 'stayed:/data', ...write);
  await start('--rm', ...labels, '--volume', 'kept:/data', ...write);
  await start('--name', 'not-asked', '--volume', 'not-asked:/data', ...write);
  const files = () => (existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.gz')) : []);
  const of = (volume: string) => files().find((name) => name.startsWith(`${volume}-`));
  await waitFor(() => ['stayed', 'kept'].every((volume) => of(volume) !== undefined));
  for (const volume of ['stayed', 'kept']) {
    const text = await run(['tar', '-xzOf', join(folder, of(volume) ?? ''), './file']);
    expect(text).toBe('precious');
  }
  expect(of('not-asked')).toBeUndefined();
});

test('notify: a container that is not well is reported once, with its check’s output', async () => {
  const mail = join(stage.folder, 'mail');
  await listenWith(['on_container_health_status/50-notify'], 'when = { detail = "unhealthy" }', {
    NOTIFY: `cat >>${mail}`,
  });
  const withCheck = (name: string, check: string) =>
    start(
      '--name',
      name,
      '--health-cmd',
      check,
      '--health-interval',
      '500ms',
      '--health-retries',
      '1',
      ...sleep,
    );
  await withCheck('well', 'true');
  await withCheck('web', 'echo the disk is full; exit 1');
  const health = (name: string) => engine.docker(['inspect', '--format', '{{.State.Health.Status}}', name]);
  await waitFor(() => read(mail) !== '');
  while ((await health('well')) !== 'healthy') await new Promise((resolve) => setTimeout(resolve, 50));
  expect(read(mail)).toMatch(/^web on \S+ is unhealthy since \S+Z: the disk is full\n$/);
});

test('macvlan: a container is closed but for the ports of its label', async () => {
  const listener = await listenWith(
    ['on_container_start/30-macvlan-firewall'],
    'when = { label = "firewall.allow" }\nlabels = ["firewall.allow"]',
    {},
  );
  await engine.docker([
    ...['network', 'create', '--driver', 'macvlan', '--opt', 'parent=docker0'],
    ...['--subnet', '10.99.0.0/24', 'lan'],
  ]);
  // A bridge without a connected container carries nothing.
  await start('--name', 'carrier', ...sleep);
  const web = ['busybox', 'sh', '-c', 'httpd -p 80; exec httpd -f -p 81'];
  await start('--name', 'web', '--network', 'lan', '--label', 'firewall.allow=80,443', ...web);
  await start('--name', 'bad', '--network', 'lan', '--label', 'firewall.allow=80;reboot', ...sleep);
  await listener.next(0, (line) => line.message.includes('web is closed but for 80,443'));
  await listener.next(0, (line) => line.message.includes('no list of ports'));
  const address = await engine.docker([
    ...['inspect', '--format', '{{.NetworkSettings.Networks.lan.IPAddress}}', 'web'],
  ]);
  const ask = (port: number) => {
    const words = `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 2 ${address} ${port}`;
    const client = ['run', '--rm', '--network', 'lan', 'busybox', 'sh', '-c', words];
    return engine.docker(client).catch(() => 'nobody');
  };
  expect(await ask(80)).toContain('HTTP/1');
  expect(await ask(81)).not.toContain('HTTP/1');
});
