import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fitOutputs } from '../../src/cli/report.ts';
import type { HistoryEntry } from '../../src/listener/journal/history.ts';
import type { Report } from '../../src/listener/page-data.ts';
import { needing } from '../support/needs.ts';
import type { Ended } from '../support/program.ts';
import { runCommand } from '../support/run-command.ts';
import { expectSchema } from '../support/schema.ts';
import { createStage, hooksDone, ofKind, type Stage } from '../support/stage.ts';

const hostile = '</script><script>alert(1)</script><!-- $& "\'`\u2028';
let stage: Stage;
let environment: NodeJS.ProcessEnv;
beforeEach(async () => {
  stage = await createStage();
  stage.hook('on_start/10-a', `#!/bin/sh\ncat <<'X'\n${hostile}\nX\n`);
  stage.hook(`on_start/20-<img src=x onerror=alert(1)>`, '#!/bin/sh\nexit 3\n');
  environment = { PATH: process.env.PATH, HOME: stage.folder, TZ: 'UTC' };
});
afterEach(() => stage.clear());

const ask = (...words: string[]): Promise<Ended> =>
  runCommand([...words, '--control', stage.control, '--config', 'none'], { environment });

async function upAndRunning() {
  stage.startEngine();
  const listener = stage.listen();
  await listener.next(0, hooksDone('start'));
  return listener;
}

/** The data in a page, read as a browser does: the script element ends at the first end of one. */
function dataIn(html: string): Report {
  const [, text = ''] = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html) ?? [];
  return JSON.parse(text) as Report;
}

test('history --html writes one file with what happened and was printed, whatever that was', async () => {
  await upAndRunning();
  const file = join(stage.folder, 'report.html');
  const { code, output, errors } = await ask('history', '--html', file);
  expect({ code, output }).toEqual({ code: 0, output: '' });
  expect(errors).toBe(`Wrote ${file}: 3 entries. What hooks printed is in it\n`);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const html = readFileSync(file, 'utf8');
  const data = dataIn(html);
  expect(data).toMatchObject({ kind: 'report', engines: [{ name: `unix://${stage.socket}` }] });
  const runs = data.entries.filter((entry) => entry.kind === 'run');
  expect(runs.map(({ hook }) => hook)).toContain('on_start/20-<img src=x onerror=alert(1)>');
  // Its line separator was made visible when it was recorded.
  expect(runs[0]?.end?.output).toBe(`${hostile.replace('\u2028', '\\u2028')}\n`);
  // Two scripts and no more: the data and the program.
  expect(html.match(/<script/g)).toHaveLength(2);
  expect(html).not.toContain('<img');
});

test('a report asks nothing of anybody: its policy allows its own script and style alone', async () => {
  const { output } = await ask('history', '--html', '-', '--state-dir', join(stage.folder, 'none'));
  const [, policy = ''] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(output) ?? [];
  expect(policy).toContain("default-src 'none'; script-src 'sha256-");
  expect(policy).toContain("connect-src 'none'");
  expect(policy).not.toContain('unsafe');
  expect(output).not.toMatch(/(src|href)="(https?:)?\/\//);
  expect(dataIn(output).entries).toEqual([]);
});

test('without a listener it is made from the journal, and with --since of a part of it', async () => {
  const listener = await upAndRunning();
  await listener.end();
  const state = ['--state-dir', join(stage.folder, 'state')];
  const { output } = await ask('history', '--html', '-', ...state);
  expect(dataIn(output)).toMatchObject({ engines: [], entries: [{ kind: 'transition' }, {}, {}] });
  const { output: part } = await ask('history', '--html', '-', '-n', '1', ...state);
  expect(dataIn(part).entries).toHaveLength(1);
});

test('the file is replaced as a whole; a link is replaced and not followed; nothing else is left', async () => {
  const folder = join(stage.folder, 'out');
  mkdirSync(folder);
  const victim = join(stage.folder, 'victim');
  writeFileSync(victim, 'precious');
  const file = join(folder, 'report.html');
  symlinkSync(victim, file);
  expect((await ask('history', '--html', file)).code).toBe(0);
  expect(readFileSync(victim, 'utf8')).toBe('precious');
  expect(lstatSync(file).isFile()).toBe(true);
  expect(readdirSync(folder)).toEqual(['report.html']);
});

test('what cannot be written is said, and leaves nothing', async () => {
  mkdirSync(join(stage.folder, 'folder'));
  for (const file of [join(stage.folder, 'missing', 'a.html'), join(stage.folder, 'folder')]) {
    const { code, errors } = await ask('history', '--html', file);
    expect(code).toBe(1);
    expect(errors).toContain(`Cannot write ${file} (`);
  }
  expect(readdirSync(stage.folder).filter((name) => name.endsWith('.html'))).toEqual([]);
});

test('a device, a pipe, and whatever is in /dev stays what it is', async () => {
  const pipe = join(stage.folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  for (const file of [pipe, `/dev/dll-${process.pid}.html`]) {
    const { code, errors } = await ask('history', '--html', file);
    expect(code).toBe(1);
    expect(errors).toContain(`Will not put a file in the place of ${file}\n  For standard output: --html -`);
  }
  expect(lstatSync(pipe).isFIFO()).toBe(true);
});

test('under sudo the file is for the user who called sudo', needing('root'), async () => {
  environment = { ...environment, SUDO_UID: '65534', SUDO_GID: '65534' };
  const file = join(stage.folder, 'report.html');
  await ask('history', '--html', file);
  expect(statSync(file)).toMatchObject({ uid: 65_534, gid: 65_534 });
});

test.each([['--failed'], ['--follow'], ['--json'], ['--event', 'start'], ['--hook', 'x']])(
  '--html and %s exclude each other',
  async (...words) => {
    const { code, errors } = await ask('history', '--html', 'x.html', ...words);
    expect(code).toBe(64);
    expect(errors).toContain('exclude each other');
  },
);

test('status --web prints the page’s address, and opens no port before', async () => {
  const listener = await upAndRunning();
  expect(listener.lines.some(ofKind('page-opened'))).toBe(false);
  const { code, output, errors } = await ask('status', '--web');
  expect(code).toBe(0);
  expect(output).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]+\/\n$/);
  expect(errors).toContain('ssh -L ');
  const page = await (await fetch(output.trim())).text();
  expect(dataIn(page)).toMatchObject({ kind: 'live' });
  expect(page).toContain("connect-src 'self'");
  const json = await ask('status', '--web', '--json');
  expectSchema('page', JSON.parse(json.output));
  expect(JSON.parse(json.output)).toEqual({ version: 1, url: output.trim() });
  // The log tells the port, and not the token.
  const token = new URL(output.trim()).pathname.slice(1, -1);
  expect(JSON.stringify(listener.lines)).not.toContain(token);
  await listener.end();
  expect(await ask('status', '--web')).toMatchObject({
    code: 69,
    errors: expect.stringContaining('Start it'),
  });
});

test('of outputs a report holds what there is room for: the failed first, then the newest', () => {
  const run = (number: number, code: number, output: string): HistoryEntry => ({
    kind: 'run',
    number,
    time: '2026-11-24T00:00:00.000Z',
    hook: 'on_start/a',
    run: `${number}`,
    transition: {
      event: 'start',
      reason: 'engine-started',
      source: 'engine',
      engine: 'default',
      at: 0,
      sequence: 1,
    },
    end: { outcome: { kind: 'exited', code }, durationMs: 1, output, outputBytes: output.length },
  });
  const entries = [
    run(1, 1, 'f'.repeat(60)),
    run(2, 0, `${'a'.repeat(30)}\nbbb\n`),
    run(3, 0, 'c'.repeat(20)),
  ];
  const outputs = (all: number) =>
    fitOutputs(entries, { all, each: 20 }).map((entry) => entry.kind === 'run' && entry.end?.output);
  expect(outputs(1000)).toEqual(['f'.repeat(60), 'bbb\n', 'c'.repeat(20)]);
  expect(outputs(80)).toEqual(['f'.repeat(60), undefined, 'c'.repeat(20)]);
  expect(outputs(10)).toEqual([undefined, 'bbb\n', undefined]);
});
