import fc from 'fast-check';
import { expect, test } from 'vitest';
import { describeFindings } from '../../src/cli/doctor.ts';
import { historyRow } from '../../src/cli/history-words.ts';
import { foldLine, widthOf } from '../../src/cli/screen.ts';
import { describeStatus } from '../../src/cli/status.ts';
import { styleFor } from '../../src/cli/style.ts';
import type { HistoryEntry } from '../../src/listener/journal/history.ts';
import type { Status } from '../../src/listener/status.ts';

/** What a terminal shows: a line that is longer goes on where the terminal ends, whatever the word. */
const plain = styleFor(process.stdout, true);
const path = '/etc/docker-lifecycle-listener.d/on_start/20-vpn';
const cause = { kind: 'writable', mode: 0o775, gid: 1000, sticky: false } as const;
const cure = `Run: chmod g-w ${path}`;
const refused = { name: 'on_start/20-vpn', path, cause, time: '2026-11-24T19:20:41.000Z' };

test('a row of the history is one line of the terminal, with what mends it whole below', () => {
  const entry = { ...refused, kind: 'refusal', number: 4, engine: 'default' } as unknown as HistoryEntry;
  const rows = historyRow(entry, plain, 70).split('\n');
  expect(rows).toEqual([expect.stringMatching(/ on_start\/20-vpn refused: it is .*…$/), `       ${cure}`]);
  expect(rows[0]).toHaveLength(70);
  expect(historyRow(entry, plain, undefined)).toMatch(
    new RegExp(`refused: it is writable by group 1000 \\(mode 0775\\)\\. ${cure}$`),
  );
});

test('no line is longer than the terminal, whatever the words', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 0, max: 12 }),
      (lengths, columns, indent) => {
        const line = lengths.map((length) => 'x'.repeat(length)).join(' ');
        const folded = foldLine(line, columns, indent).split('\n');
        for (const one of folded) expect(one.length).toBeLessThanOrEqual(columns);
        expect(folded.join('').replaceAll(' ', '')).toBe(line.replaceAll(' ', ''));
      },
    ),
  );
});

test('a terminal that does not know its width sets no limit', () => {
  expect(widthOf({ isTTY: true, columns: 0 })).toBeUndefined();
  expect(widthOf({ isTTY: true, columns: 70 })).toBe(70);
  expect(widthOf({ isTTY: false, columns: 70 })).toBeUndefined();
});

test('findings are broken between words, below their beginning, and what mends them is not', () => {
  const found = 'it is writable by group 1000 (mode 0775), and that is more than fits here';
  const text = describeFindings([{ check: 'on_start/20-vpn', verdict: 'wrong', found, cure }], 60);
  const [first = '', second = '', ...rest] = text.split('\n');
  expect(first.length).toBeLessThanOrEqual(60);
  expect(second).toMatch(/^ {24}\S/);
  expect(`${first.trimEnd()} ${second.trim()}`).toContain(found.slice(0, 50));
  expect(rest).toContain(`${' '.repeat(24)}${cure}`);
});

test('the status is broken between words, and what mends a failure is not', () => {
  const text = describeStatus(status, new Date('2026-11-24T19:21:41.000Z'), plain, 50);
  const long = text.split('\n').filter((line) => line.trimEnd().length > 50);
  expect(long).toEqual([`    ${cure}`]);
  expect(text.replace(/\s+/g, ' ')).toContain(
    'on_start/20-vpn refused: it is writable by group 1000 (mode 0775)',
  );
  // Without a limit where the output is not a terminal.
  expect(describeStatus(status, new Date(), plain)).toContain('it is writable by group 1000 (mode 0775)\n');
});

test('the time since when Docker is up is shown as far as it is known', () => {
  const up = (reason: string) => {
    const last = { event: 'start', reason, source: 'engine', time: '2026-11-24T19:20:41.000Z' };
    const engine = {
      name: 'default',
      url: 'unix:///run/docker.sock',
      state: 'up',
      pid: 1,
      last,
      events: null,
    };
    const engines = [{ ...engine, hooks: { current: null, waiting: [], kept: [] } }];
    return describeStatus({ ...status, engines } as unknown as Status, new Date(), plain);
  };
  expect(up('engine-started')).toMatch(/: up since /);
  // Up already when the listener started, since an unknown time.
  expect(up('listener-started')).toMatch(/: up at least since /);
});

test('an engine that is Podman is named so', () => {
  const hooks = { current: null, waiting: [], kept: [] };
  const podman = { name: 'p', url: 'unix:///p.sock', software: 'podman', state: 'up', pid: null, last: null };
  const engines = [{ ...podman, events: null, hooks }];
  const text = describeStatus({ ...status, engines } as unknown as Status, new Date(), plain);
  expect(text).toContain('Podman’s service at unix:///p.sock: up');
});

const status: Status = {
  version: 1,
  listener: {
    version: '0.1.0',
    pid: 4711,
    since: '2026-11-24T19:20:41.000Z',
    memory: 53_000_000,
    scriptDir: '/etc/docker-lifecycle-listener.d',
    notifier: { mode: 'hint', port: 47200 },
  },
  engines: [],
  failures: [{ ...refused, kind: 'refused', engine: 'default' }],
} as unknown as Status;
