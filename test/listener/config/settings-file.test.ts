import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadSettings } from '../../../src/listener/config/load.ts';
import { lineOf } from '../../../src/listener/config/toml.ts';
import { UserError } from '../../../src/system/user-error.ts';
import type { UserEnvironment } from '../../../src/watch/endpoint/user-environment.ts';
import { makePrivateFolder } from '../../support/private-folder.ts';

const user: UserEnvironment = { environment: {}, home: '/nobody', isRoot: true, platform: 'linux' };

let folder: string;
beforeAll(() => {
  folder = makePrivateFolder('dll-settings-', process.geteuid?.() ?? 0, process.env);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function load(text: string) {
  const path = join(folder, 'settings.toml');
  writeFileSync(path, text);
  chmodSync(path, 0o644);
  const given = { hosts: [{ value: 'unix:///run/d.sock', from: { kind: 'argument' as const } }] };
  return loadSettings(given, path, user, () => {});
}

/** Line, what is wrong, and the fix. */
function mistakeIn(text: string): readonly [line: number, message: string, fix: string | undefined] {
  try {
    load(text);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    expect(error.exitCode).toBe(78);
    const [, line, message = ''] = /, line (\d+): (.*)$/.exec(error.message) ?? [];
    return [Number(line), message, error.fix];
  }
  throw new Error('It was taken');
}

test.each([
  ['as it is', (text: string) => text],
  ['with a byte order mark', (text: string) => `\ufeff${text}`],
  ['with the line ends of Windows', (text: string) => text.replaceAll('\n', '\r\n')],
])('a settings file is read %s', (_name, written) => {
  const { settings } = load(
    written(
      [
        'script_dir = "/etc/hooks"',
        'port = 47_201',
        'grace = "3s"',
        '[timeout]',
        'on_start = "none"',
        '[on_start."10 a"]',
        'environment = { ONE = "1" }',
        'stop_on_failure = true',
        'docker_host = "always"',
        '',
      ].join('\n'),
    ),
  );
  expect(settings).toMatchObject({ scriptDir: '/etc/hooks', notifier: { port: 47_201 } });
  expect(settings.hooks).toMatchObject({ grace: 3000, timeout: { start: undefined } });
  expect([...settings.hooks.hooks]).toEqual([
    ['on_start/10 a', { environment: { ONE: '1' }, dockerHost: 'always', stopChainOnFailure: true }],
  ]);
});

const dir = 'script_dir = "/etc/hooks"\n';

test.each([
  [`${dir}script_dir = "/other"`, 2, /redefine/, /toml.io/],
  [`${dir}[timeout]\n[timeout]`, 3, /redefine/, /toml.io/],
  [`${dir}port = 99999999999999999999`, 2, /cannot be represented/, /toml.io/],
  [`${dir}port = `, 2, /./, /toml.io/],
  [`${dir}x = ${'['.repeat(5000)}`, 2, /nested/, /toml.io/],
  ['script_dir = 5', 1, /^script_dir is 5$/, /a text in quotes/],
  ['script_dir = nan', 1, /^script_dir is NaN$/, /a text in quotes/],
  ['script_dir = 1979-05-27', 1, /^script_dir is a date or a time$/, /a text in quotes/],
  ['script_dir = ["/etc/hooks"]', 1, /^script_dir is a list$/, /a text in quotes/],
  ['script_dir = { a = 1 }', 1, /^script_dir is a table$/, /a text in quotes/],
  ['script_dir = ""', 1, /^"" is no path$/, /absolute/],
  ['script_dir = "hooks"', 1, /no absolute path/, /Begin it with/],
  ['script_dir = "/etc/hooks\\u0000/x"', 1, /is no path$/, /absolute/],
  [`${dir}hosts = "unix:///run/d.sock"`, 2, /^hosts is "unix/, /a list of texts/],
  [`${dir}[on_stop.a]\ndocker_host = "up"`, 3, /^"up" is not known$/, /when-up or always/],
  [`${dir}control = "/run/x/engine-is-down.sock"`, 2, /address that refuses/, /another name/],
  [`${dir}porrt = 1`, 2, /^there is no setting porrt$/, /Did you mean port\?/],
  [`${dir}__proto__ = 1`, 2, /^there is no setting __proto__$/, /There are: /],
  [`${dir}port = 0`, 2, /^"0" is no port$/, /from 1 to 65535/],
  [`${dir}port = 1e400`, 2, /^"Infinity" is no port$/, /from 1 to 65535/],
  [`${dir}grace = 5`, 2, /^"5" is no duration$/, /30s/],
  [`${dir}grace = "999999h"`, 2, /is no duration$/, /30s/],
  [`${dir}\n[timeout]\non_start = "0"`, 4, /is no limit of time$/, /or none/],
  [`${dir}\n[timeout]\non_strat = "1s"`, 4, /^there is no setting timeout.on_strat$/, /on_start\?/],
  [`${dir}\n[events]\nparallel = 257`, 4, /no number that can be meant/, /1 to 256/],
  [`${dir}\n[on_start]\n"10-a" = 5`, 4, /^on_start.10-a is 5$/, /a table, as \[on_start.10-a\]/],
  [
    `${dir}\n[on_start."1 a"]\ntimeuot = "1s"`,
    4,
    /^there is no setting on_start."1 a".timeuot$/,
    /timeout\?/,
  ],
  [`${dir}\n[on_stop.a]\nwhen = { name = "x" }`, 4, /^there is no setting on_stop.a.when$/, /There are/],
  [`${dir}[on_start.a]\nenvironment = { A = 1 }`, 3, /environment is a table/, /texts by name/],
  [`${dir}[on_start.a]\nenvironment = { "A=B" = "1" }`, 3, /is no name of a variable/, /letters/],
  [`${dir}[on_start.a]\nenvironment = { A = "\\u0000" }`, 3, /has a zero byte/, /Leave it out/],
  [`${dir}[on_start.a]\nenvironment = { DOCKER_EVENT_X = "" }`, 3, /by the listener itself/, /another name/],
  [`${dir}[on_start.a]\nuser = "no-such-user-here"`, 3, /is no user of this system$/, /See: id /],
  [`${dir}[on_start.a]\nuser = "-x"`, 3, /is no user of this system$/, /See: id /],
  [
    `${dir}[on_start.a]\ndebounce = "2s"`,
    3,
    /for hooks of events, and on_start\/a is in on_start$/,
    /Leave it/,
  ],
  [
    `${dir}[on_stop.a]\nat_most = "2s"`,
    3,
    /for hooks of events, and on_stop\/a is in on_stop$/,
    /nothing to/,
  ],
  [`${dir}[while_running.a]\ndebounce = "2s"`, 3, /is in while_running$/, /Leave it out/],
  [
    `${dir}[on_container_die.a]\nat_most = "2s"`,
    3,
    /limits a debounce, and there is none$/,
    /debounce = "2s"/,
  ],
  [`${dir}[on_container_die.a]\ndebounce = "0"`, 3, /is no limit of time$/, /30s/],
  [`${dir}[on_container_die.a]\ndebounce = "none"`, 3, /is no time to wait for further events$/, /"2s"/],
  [`${dir}[on_container_die.a]\ndebounce = "2s"\nat_most = "1s"`, 4, /less than debounce$/, /at least 2s/],
  [
    `${dir}[on_container_die.a]\ndebounce = "2s"\nstop_on_failure = true`,
    4,
    /^true as stop_on_failure does not go with debounce/,
    /Leave one/,
  ],
  [`${dir}[on_start.a]\nretry = -1`, 3, /no number that can be meant/, /1 to 100/],
  [`${dir}[on_start.a]\nretry = 3\nretry_wait = "none"`, 4, /^"none" is no wait$/, /as 1s/],
  [`${dir}[on_start.a]\nretry_wait = "5s"`, 3, /there are none$/, /retry = 3/],
  [
    `${dir}[on_stop.a]\nretry = 3`,
    3,
    /for hooks in on_start, and on_stop\/a is in on_stop$/,
    /does not wait/,
  ],
  [`${dir}[while_running.a]\nretry = 3`, 3, /is in while_running$/, /started again/],
  [`${dir}[on_container_die.a]\nretry = 3`, 3, /is in on_container_die$/, /in the hook itself/],
  [`${dir}[on_container_die.a.when]\nexit_code = "x"`, 3, /is no exit code$/, /137/],
])('a mistake is told with its line and what is allowed: %j', (text, line, message, fix) => {
  for (const written of [text, `\ufeff${text}`, text.replaceAll('\n', '\r\n')]) {
    const found = mistakeIn(written);
    expect(found).toEqual([line, expect.stringMatching(message), expect.stringMatching(fix)]);
  }
});

test('a debounce is read with its limit', () => {
  const hook = (text: string) =>
    load(`${dir}[on_container_start.a]\n${text}`).settings.hooks.hooks.get('on_container_start/a');
  expect(hook('debounce = "2s"')).toEqual({ debounce: { quiet: 2000, atMost: 30_000 } });
  expect(hook('debounce = "1min"')).toEqual({ debounce: { quiet: 60_000, atMost: 60_000 } });
  expect(hook('debounce = "2s"\nat_most = "10s"')).toEqual({ debounce: { quiet: 2000, atMost: 10_000 } });
});

test('a retry is read with its wait, and 0 is none', () => {
  const hooks = (text: string) => load(`${dir}[on_start.a]\n${text}`).settings.hooks.hooks.get('on_start/a');
  expect(hooks('retry = 3')).toEqual({ retry: { times: 3, wait: 1000 } });
  expect(hooks('retry = 3\nretry_wait = "5s"')).toEqual({ retry: { times: 3, wait: 5000 } });
  expect(hooks('retry = 0')).toEqual({});
});

test('the line of what is in no line of its own is that of what it is in', () => {
  expect(lineOf('a = 1\n[b]\nc = { d = { e = 1 } }', ['b', 'c', 'd', 'e'])).toBe(3);
  expect(lineOf('a.b."c d" = 1', ['a', 'b', 'c d'])).toBe(1);
});
