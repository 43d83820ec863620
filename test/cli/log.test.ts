import { describe, expect, test } from 'vitest';
import { createLog, localTime } from '../../src/cli/log.ts';
import type { ListenerEvent } from '../../src/listener/events.ts';

type LogFormat = Parameters<typeof createLog>[1];
type Verbosity = Parameters<typeof createLog>[2];

const engine = 'default';
const at = new Date('2026-11-24T08:28:01.123Z');

function logged(
  records: readonly ListenerEvent[],
  format: LogFormat = 'text',
  verbosity: Verbosity = 'normal',
): string {
  let text = '';
  const record = createLog(
    (line) => {
      text += line;
    },
    format,
    verbosity,
    () => at,
  );
  records.forEach(record);
  return text;
}

const info: ListenerEvent = { kind: 'listener-ended' };
const warning: ListenerEvent = { kind: 'notifier-trusted', port: 47200 };
const error: ListenerEvent = { kind: 'folder-unreadable', engine, folder: '/hooks/on_start', code: 'EIO' };
const detail: ListenerEvent = { kind: 'notifier-said', from: '127.0.0.1:5', said: 'start' };
const all = [info, warning, error, detail];

describe('for a person', () => {
  test('is a line an event: the time with its zone first, then how bad it is, then what it is', () => {
    const time = localTime(at);
    expect(logged([info, error]).split('\n')).toEqual([
      `${time} Ended`,
      `${time} ERROR Cannot read /hooks/on_start (EIO): its hooks do not run`,
      '',
    ]);
    expect(logged([warning])).toMatch(/^\S+ WARNING --trust-notifier/);
  });

  test('has one line an event whatever a path or a hook’s output holds', () => {
    const nasty = '/hooks\n2026-11-24T09:28:01.123+01:00 Ended\r\u001b[2J\u202e';
    const text = logged([
      { kind: 'folder-missing', engine, folder: nasty, event: 'start' },
      {
        kind: 'hook-output',
        engine,
        hook: 'on_start/10-a',
        stream: 'stdout',
        line: Buffer.from('a\u001bb\nc'),
      },
    ]);
    expect(text.split('\n')).toHaveLength(3);
    expect(text).toContain('There is no folder /hooks\\n2026');
    expect(text).toContain('\\r\\x1b[2J\\u202e');
    expect(text).toContain('on_start/10-a: a\\x1bb\\nc');
  });

  test('shows a hook’s long line cut', () => {
    const line = Buffer.alloc(10_000, 'a');
    const text = logged([{ kind: 'hook-output', engine, hook: 'on_start/10-a', stream: 'stdout', line }]);
    expect(text.length).toBeLessThan(4300);
    expect(text).toMatch(/… \(5904 more bytes\)\n$/);
  });
});

describe('how much is said', () => {
  const said = (verbosity: Verbosity) => logged(all, 'text', verbosity).trimEnd().split('\n').length;

  test('normally all but details; with --quiet warnings and errors; with --verbose everything', () => {
    expect({ quiet: said('quiet'), normal: said('normal'), verbose: said('verbose') }).toEqual({
      quiet: 2,
      normal: 3,
      verbose: 4,
    });
    expect(logged(all, 'text', 'quiet')).toMatch(/^\S+ WARNING .*\n\S+ ERROR .*\n$/);
  });
});

describe('for a machine', () => {
  const parsed = (records: readonly ListenerEvent[]) =>
    logged(records, 'json', 'verbose')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as globalThis.Record<string, unknown>);

  test('is an object a line: time, level, message, kind, and the event’s own fields', () => {
    expect(parsed([detail, error])).toEqual([
      {
        time: localTime(at),
        level: 'detail',
        message: '127.0.0.1:5 says start',
        kind: 'notifier-said',
        from: '127.0.0.1:5',
        said: 'start',
      },
      {
        time: localTime(at),
        level: 'error',
        message: 'Cannot read /hooks/on_start (EIO): its hooks do not run',
        kind: 'folder-unreadable',
        engine,
        folder: '/hooks/on_start',
        code: 'EIO',
      },
    ]);
  });

  test('has bytes as safely shown text, in the field and in the message', () => {
    const bytes = Uint8Array.of(0x61, 0xff, 0x1b, 0x0a);
    const [line] = parsed([{ kind: 'notifier-refused', from: '127.0.0.1:5', bytes, tooLong: false }]);
    expect(line).toMatchObject({ bytes: 'a\\xff\\x1b\\n', tooLong: false });
    expect(line?.message).toContain('"a\\xff\\x1b\\n"');
  });

  test('has paths as they are, for a program to use, and nothing unsafe in the message', () => {
    const folder = '/a\nb\u202e';
    const [line] = parsed([{ kind: 'folder-missing', engine, folder, event: 'stop' }]);
    expect(line).toMatchObject({ folder, message: expect.stringContaining('/a\\nb\\u202e') });
  });
});

describe('the time', () => {
  test.each([
    ['UTC', '2026-11-24T08:28:01.123+00:00', '2026-07-01T00:00:00.000+00:00'],
    ['Europe/Berlin', '2026-11-24T09:28:01.123+01:00', '2026-07-01T02:00:00.000+02:00'],
    ['America/St_Johns', '2026-11-24T04:58:01.123-03:30', '2026-06-30T21:30:00.000-02:30'],
    ['Asia/Kathmandu', '2026-11-24T14:13:01.123+05:45', '2026-07-01T05:45:00.000+05:45'],
  ])('in %s has that zone, summer or winter', (zone, winter, summer) => {
    // Node takes an assignment to TZ at once.
    const before = process.env.TZ;
    process.env.TZ = zone;
    try {
      expect(localTime(at)).toBe(winter);
      expect(localTime(new Date('2026-07-01T00:00:00Z'))).toBe(summer);
    } finally {
      if (before === undefined) delete process.env.TZ;
      else process.env.TZ = before;
    }
  });

  test('read back is the same instant', () => {
    expect(new Date(localTime(at)).getTime()).toBe(at.getTime());
  });
});
