import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMessageReader } from '../../src/notifier-container/build.ts';
import { containerOf } from '../../src/notifier-container/described.ts';
import { readContainer } from '../../src/notifier-container/found.ts';
import { workFor } from '../../src/notifier-container/install.ts';
import { tarOf } from '../../src/notifier-container/tar.ts';

describe('an archive', () => {
  test('is one to the system’s own tar, with names, contents and modes', () => {
    const folder = mkdtempSync(join(tmpdir(), 'dll-tar-'));
    try {
      const files = [
        { name: 'Dockerfile', content: 'FROM x\n', mode: 0o644 },
        { name: 'notifier.sh', content: `#!/bin/sh\n${'é'.repeat(700)}\n`, mode: 0o755 },
        { name: 'full', content: 'x'.repeat(1024), mode: 0o600 },
        { name: 'empty', content: '', mode: 0o600 },
      ];
      execFileSync('tar', ['-x', '-p', '-C', folder], { input: tarOf(files) });
      expect(readdirSync(folder)).toHaveLength(files.length);
      for (const { name, content, mode } of files) {
        expect(readFileSync(join(folder, name), 'utf8')).toBe(content);
        expect(statSync(join(folder, name)).mode & 0o777).toBe(mode);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('of the same files is the same, so that an engine knows what it has built', () => {
    const files = [{ name: 'a', content: 'b', mode: 0o644 }];
    expect(tarOf(files)).toEqual(tarOf(files));
  });
});

describe('what an engine says while it builds', () => {
  const said = (...messages: object[]) =>
    messages.map((message) => `${JSON.stringify(message)}\r\n`).join('');
  const build = said(
    { stream: 'Step 1/8 : ARG BASE=busybox' },
    { stream: '\n' },
    { stream: 'Step 2/8 : FROM $BASE' },
    { status: 'Pulling from library/büsybox', id: 'latest' },
    { errorDetail: { message: 'no network' }, error: 'no network' },
  );

  test('is understood, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 })), (lengths) => {
        const heard: object[] = [];
        const reader = createMessageReader((message) => heard.push(message));
        let rest = Buffer.from(build);
        for (const length of [...lengths, rest.length]) {
          reader.push(rest.subarray(0, length));
          rest = rest.subarray(length);
        }
        expect(reader.error()).toBe('no network');
        expect(reader.steps()).toBe(2);
        expect(heard.filter((message) => 'status' in message)).toEqual([
          { status: 'Pulling from library/büsybox', id: 'latest' },
        ]);
      }),
    );
  });

  test('has no error where the build went well, and one also in a last line without an end', () => {
    const well = createMessageReader(() => {});
    well.push(Buffer.from(said({ stream: 'Successfully built 1234' })));
    expect(well.error()).toBeUndefined();
    well.push(Buffer.from('{"error":"late"}'));
    expect(well.error()).toBe('late');
  });

  test('names the images that it made, and neither its base nor those of an earlier build', () => {
    const image = (digit: string) => ({ stream: ` ---> ${digit.repeat(12)}\n` });
    const reader = createMessageReader(() => {});
    const messages = said(
      { stream: 'Step 1/4 : ARG BASE=busybox' },
      { stream: 'Step 2/4 : FROM $BASE' },
      image('a'),
      { stream: '# Executing 1 build trigger' },
      image('b'),
      { stream: 'Step 3/4 : LABEL x=y' },
      { stream: ' ---> Using cache\n' },
      image('c'),
      { stream: 'Step 4/4 : COPY notifier.sh /notifier.sh' },
      { stream: ' ---> Running in dddddddddddd\n' },
      image('e'),
    );
    reader.push(Buffer.from(messages));
    expect(reader.made()).toEqual(['b'.repeat(12), 'e'.repeat(12)]);
    expect(reader.hasTriggers()).toBe(true);
  });

  test('may be anything', () => {
    const reader = createMessageReader(() => {});
    reader.push(Buffer.from('null\n[]\nno JSON\n{"stream":5,"status":{},"error":["a"]}\n'));
    expect(reader.error()).toBeUndefined();
    expect(reader.steps()).toBe(0);
  });
});

describe('a container', () => {
  const labels = {
    'org.opencontainers.image.title': 'docker-lifecycle-notifier',
    'org.opencontainers.image.version': '1.0.0',
    'org.opencontainers.image.base.name': 'busybox',
  };
  const answer = {
    Id: 'c1',
    Image: 'sha256:1',
    State: { Running: true, Status: 'running' },
    Config: { Image: 'docker-lifecycle-notifier', Cmd: ['host.docker.internal', '47200'], Labels: labels },
  };
  const wish = { version: '1.0.0', port: 47200, base: undefined };

  test.each([
    ['as it should be', {}, wish, 'nothing'],
    ['that was stopped', { State: { Running: false, Status: 'exited' } }, wish, 'start'],
    ['that is between two tries', { State: { Running: true, Status: 'restarting' } }, wish, 'start'],
    ['of another version', {}, { ...wish, version: '1.0.1' }, 'replace'],
    ['for another port', {}, { ...wish, port: 5000 }, 'replace'],
    ['of another base', {}, { ...wish, base: 'alpine' }, 'replace'],
    ['of the base that is named', {}, { ...wish, base: 'busybox' }, 'nothing'],
    [
      'that was built by hand',
      {
        Config: {
          ...answer.Config,
          Cmd: null,
          Labels: { 'org.opencontainers.image.title': 'docker-lifecycle-notifier' },
        },
      },
      wish,
      'replace',
    ],
  ])('%s', (_, change, wanted, work) => {
    const found = readContainer({ ...answer, ...change }) ?? { kind: 'missing' };
    expect(workFor(wanted, found)).toBe(work);
  });

  test.each([
    { Id: 7 },
    { Id: 'a/../b\r\n' },
    { Id: null },
    { Id: 'abc', Config: 7, State: null, Image: [] },
    { Id: 'abc', Config: { Labels: [], Cmd: 7, Image: {} } },
  ])('as no engine describes one throws nothing: %j', (container) => {
    const found = readContainer(container);
    expect(found).toEqual(container.Id === 'abc' ? { kind: 'foreign', image: '' } : undefined);
  });

  test('with our label, and all else as no engine has it', () => {
    const Labels = {
      'org.opencontainers.image.title': 'docker-lifecycle-notifier',
      'org.opencontainers.image.version': 7,
    };
    expect(
      readContainer({ Id: 'abc', State: { Running: 'yes', Status: 7 }, Config: { Labels, Cmd: [7, {}] } }),
    ).toEqual({
      kind: 'present',
      id: 'abc',
      running: false,
      state: 'unknown',
      version: undefined,
      base: undefined,
      image: '',
      host: '',
      port: 0,
    });
  });

  test('without our label is none of ours', () => {
    const other = readContainer({ ...answer, Config: { Image: 'nginx', Labels: null } });
    expect(other).toEqual({ kind: 'foreign', image: 'nginx' });
  });

  test('has no right, a limit to everything, and a way to the host', () => {
    expect(containerOf(5000, 'host-gateway')).toEqual({
      Image: 'docker-lifecycle-notifier',
      Cmd: ['host.docker.internal', '5000'],
      HostConfig: {
        RestartPolicy: { Name: 'always' },
        ExtraHosts: ['host.docker.internal:host-gateway'],
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges'],
        Memory: 33_554_432,
        PidsLimit: 64,
      },
    });
  });
});
