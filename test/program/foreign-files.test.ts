import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { followedSocket } from '../../src/watch/endpoint/engines.ts';
import { needing } from '../support/needs.ts';
import { isRoot, type RunningProgram, startProgram } from '../support/program.ts';
import { runCommand } from '../support/run-command.ts';
import { createStage, ofKind, type Stage } from '../support/stage.ts';

// Files that another party can put where the listener looks: each is refused in words, and SIGTERM is heard after it.

let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
});
afterEach(() => stage.clear());

const at = (name: string) => join(stage.folder, name);

/** Each puts something at a path that is no small regular file; `found` is what a message says of it. */
const oddities: readonly { readonly what: string; readonly found: RegExp; put(path: string): void }[] = [
  { what: 'a named pipe', found: /is a named pipe/, put: (path) => execFileSync('mkfifo', [path]) },
  { what: 'a link to /dev/zero', found: /is a device/, put: (path) => symlinkSync('/dev/zero', path) },
  { what: 'a folder', found: /is a folder/, put: (path) => mkdirSync(path) },
  { what: 'a file of 300 MB', found: /is larger than/, put: (path) => putHuge(path, 300) },
];

function putHuge(path: string, megabytes: number): void {
  writeFileSync(path, '1');
  chmodSync(path, 0o644);
  truncateSync(path, megabytes * 1_000_000);
}

describe.each(oddities)('$what', ({ found, put }) => {
  test('as a pid file is warned of once, and the engine is watched all the same', async () => {
    put(stage.pidfile);
    const listener = stage.listen('--no-notifier');
    const { message } = await listener.next(0, ofKind('engine-pidfile-unusable'));
    expect(message).toMatch(found);
    expect(message).toContain(stage.pidfile);
    expect(message).toContain('--pidfile none');
    expect(await listener.end()).toBe(0);
    expect(listener.lines.filter(ofKind('engine-pidfile-unusable'))).toHaveLength(1);
  });

  test('as the settings file ends the listener, with what it is', async () => {
    put(at('settings.toml'));
    const { code, errors } = await run(['config', 'check', stage.hooks, '--config', at('settings.toml')]);
    expect(errors).toContain('settings.toml');
    expect(errors).toMatch(/is no regular file|is larger than 1 MiB/);
    expect([77, 78]).toContain(code);
  });

  test.each(['config.json', 'meta.json'])(
    'as Docker’s %s ends the listener, with what it is',
    async (name) => {
      const folder = at('docker');
      const meta = join(
        folder,
        'contexts/meta',
        createHash('sha256').update('odd').digest('hex'),
        'meta.json',
      );
      const path = name === 'meta.json' ? meta : join(folder, 'config.json');
      mkdirSync(dirname(path), { recursive: true });
      if (name === 'meta.json') writeFileSync(join(folder, 'config.json'), '{"currentContext":"odd"}');
      chmodAll(folder);
      put(path);
      const { code, errors } = await run(['config', 'check', stage.hooks, '--config', 'none'], {
        DOCKER_CONFIG: folder,
      });
      expect(errors).toContain(name);
      if (!isRoot) expect(errors).toMatch(found);
      expect([77, 78]).toContain(code);
    },
  );

  test.each(['ca.pem', 'cert.pem', 'key.pem'])(
    'as %s: the listener says so and hears SIGTERM',
    async (name) => {
      mkdirSync(at('tls'), { mode: 0o755 });
      const program = listenWithTls(at('tls'));
      // After the start, where each attempt reads the files anew.
      await program.said(/Cannot reach tcp/);
      put(at(`tls/${name}`));
      await program.said(new RegExp(`Cannot reach tcp.*${name.replace('.', '\\.')}`));
      program.child.kill('SIGTERM');
      expect((await program.over).code).toBe(0);
    },
  );
});

function listenWithTls(folder: string): RunningProgram {
  return startProgram(
    [
      ...[stage.hooks, '--no-notifier', '--config', 'none', '--control', 'none'],
      ...['--host', 'tcp://127.0.0.1:1', '--state-dir', at('state')],
    ],
    {
      environment: {
        PATH: process.env.PATH,
        HOME: at('home'),
        DOCKER_TLS_VERIFY: '1',
        DOCKER_CERT_PATH: folder,
      },
    },
  );
}

function run(words: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  return runCommand(words, { environment: { PATH: process.env.PATH, HOME: at('home'), ...environment } });
}

function chmodAll(folder: string): void {
  execFileSync('chmod', ['-R', 'go-w', folder]);
}

test('nothing of a file is quoted that holds secrets', async () => {
  const folder = at('docker');
  mkdirSync(folder, { mode: 0o755 });
  writeFileSync(join(folder, 'config.json'), '{"auths": hunter2}');
  chmodAll(folder);
  const { code, errors } = await run(['config', 'check', stage.hooks, '--config', 'none'], {
    DOCKER_CONFIG: folder,
  });
  expect(errors).toContain('config.json is not valid JSON');
  expect(errors).not.toContain('hunter');
  expect(code).toBe(78);
});

test('a context’s host that is none is not quoted', async () => {
  const id = createHash('sha256').update('odd').digest('hex');
  const meta = at(`docker/contexts/meta/${id}/meta.json`);
  mkdirSync(dirname(meta), { recursive: true });
  writeFileSync(
    meta,
    JSON.stringify({ Name: 'odd', Endpoints: { docker: { Host: 'ftp://me:hunter2@there' } } }),
  );
  chmodAll(at('docker'));
  const { code, errors } = await run(
    ['config', 'check', stage.hooks, '--config', 'none', '--context', 'odd'],
    {
      DOCKER_CONFIG: at('docker'),
    },
  );
  expect(errors).toContain('Docker context "odd": its host is no endpoint that Docker knows');
  expect(errors).not.toContain('hunter');
  expect(code).toBe(64);
});

describe('as root, another user’s file does not say which engine it is', needing('root'), () => {
  const stranger = 54_321;

  beforeEach(() => {
    mkdirSync(at('home'));
    mkdirSync(at('home/.docker'));
    chownSync(at('home/.docker'), stranger, stranger);
    chownSync(at('home'), stranger, stranger);
  });

  const check = (environment: NodeJS.ProcessEnv = {}, ...words: string[]) =>
    run(['config', 'check', stage.hooks, '--config', 'none', ...words], environment);

  test('config.json of a home that sudo kept', async () => {
    expect((await check()).code).toBe(0);
    writeFileSync(at('home/.docker/config.json'), '{"currentContext":"theirs"}');
    const { code, errors } = await check();
    expect(code).toBe(77);
    expect(errors).toContain(`${at('home/.docker/config.json')}: ${at('home')} is owned by user ${stranger}`);
    expect(errors).toContain('--host unix:///var/run/docker.sock');
    expect((await check({}, '--host', 'unix:///var/run/docker.sock')).code).toBe(0);
  });

  test('config.json in a folder of root’s that others may write to, with the command that mends it', async () => {
    mkdirSync(at('conf'));
    writeFileSync(at('conf/config.json'), '{}');
    chmodSync(at('conf'), 0o777);
    const { code, errors } = await check({ DOCKER_CONFIG: at('conf') });
    expect(code).toBe(77);
    expect(errors).toContain(`${at('conf')} is writable by group 0 and everybody (mode 0777)`);
    expect(errors).toContain(`chmod go-w ${at('conf')}`);
    chmodSync(at('conf'), 0o755);
    expect((await check({ DOCKER_CONFIG: at('conf') })).code).toBe(0);
  });

  test('a context of theirs, also through a link of root’s', async () => {
    const id = createHash('sha256').update('theirs').digest('hex');
    const meta = at(`home/.docker/contexts/meta/${id}/meta.json`);
    mkdirSync(dirname(meta), { recursive: true });
    writeFileSync(meta, '{"Name":"theirs","Endpoints":{"docker":{"Host":"tcp://evil:2375"}}}');
    symlinkSync(at('home/.docker'), at('link'));
    const { code, errors } = await check({ DOCKER_CONFIG: at('link') }, '--context', 'theirs');
    expect(code).toBe(77);
    expect(errors).not.toContain('evil');
  });

  test('their TLS files, at the start and at each attempt', async () => {
    mkdirSync(at('tls'), { mode: 0o755 });
    const program = listenWithTls(at('tls'));
    await program.said(/Cannot reach tcp/);
    writeFileSync(at('tls/ca.pem'), '');
    chownSync(at('tls/ca.pem'), stranger, stranger);
    await program.said(/Cannot reach tcp.*root does not use .*ca\.pem/);
    program.child.kill('SIGTERM');
    expect((await program.over).code).toBe(0);
    const late = await listenWithTls(at('tls')).over;
    expect(late.code).toBe(77);
    expect(late.errors).toContain(`the TLS file ${at('tls/ca.pem')}: ${at('tls/ca.pem')} is owned by user`);
  });

  test('a socket of theirs that stands at a known place is not taken for Docker’s; one of root’s is', async () => {
    const socket = at('home/.docker/desktop/docker.sock');
    mkdirSync(dirname(socket));
    writeFileSync(socket, '');
    const around = { environment: {}, home: at('home'), isRoot: true, platform: 'linux' } as const;
    const found = () => followedSocket([socket], around);
    expect(found()).toBeUndefined();
    expect((await check()).output).not.toContain('desktop');
    for (const path of ['home/.docker', 'home']) chownSync(at(path), 0, 0);
    expect(found()).toBe(socket);
  });
});
