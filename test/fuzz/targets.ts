import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { LedgerFile } from '../../src/container-events/ledger-file.ts';
import { parseEvent } from '../../src/container-events/stream.ts';
import { StreamReader } from '../../src/container-events/stream-reader.ts';
import { openEngineMemory } from '../../src/listener/journal/engine-memory.ts';
import { decodeLines } from '../../src/listener/journal/lines.ts';
import { OpenRuns, readPast } from '../../src/listener/journal/past.ts';
import { openTurnFile } from '../../src/listener/journal/turn-file.ts';
import { linesOf, readTurns } from '../../src/listener/journal/turn-lines.ts';
import { createLineReader } from '../../src/listener/notifier/protocol.ts';
import { createAnswerReader, type HttpAnswer, longestBody } from '../../src/watch/engine/http.ts';
import {
  decodeMessage,
  encodeCall,
  longestMessage,
  messageLength,
} from '../../src/watch/host/dbus-message.ts';
import { eventLine, eventOf } from '../support/events.ts';
import type { Random } from './random.ts';

/** A reader of bytes from outside: what it is fed, and what it promises. */
export interface Target {
  /** Bytes as an honest sender makes them. */
  make(random: Random): Buffer;
  /** Reads honest bytes, and holds that they mean the same however they are cut. */
  honest(bytes: Buffer, random: Random, folder: string): void | Promise<void>;
  /** Reads damaged bytes, and holds that nothing but what is promised comes of it. */
  damaged(bytes: Buffer, random: Random, folder: string): void | Promise<void>;
}

const answers = (packets: readonly Buffer[]): HttpAnswer[] => {
  const reader = createAnswerReader();
  const read: HttpAnswer[] = [];
  for (const packet of packets) {
    let answer = reader.push(packet);
    for (; answer !== undefined; answer = reader.push(Buffer.alloc(0))) read.push(answer);
  }
  return read;
};

function httpAnswer(random: Random): string {
  const interim = random.below(4) === 0 ? 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n' : '';
  const fields = random.many(4, () => `X-${random.below(99)}: ${random.below(1e9)}\r\n`).join('');
  const body = 'b'.repeat(random.below(300));
  switch (random.below(3)) {
    case 0:
      return `${interim}HTTP/1.1 204 No Content\r\n${fields}\r\n`;
    case 1:
      return `${interim}HTTP/1.1 ${random.one([200, 201, 404, 500, 503])} Some words\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
    default: {
      const chunks = random.many(5, () => 'c'.repeat(1 + random.below(50)));
      const coded = chunks.map((chunk) => `${chunk.length.toString(16)};x=y\r\n${chunk}\r\n`).join('');
      return `${interim}HTTP/1.1 200 OK\r\n${fields}Transfer-Encoding: chunked\r\n\r\n${coded}0\r\nX-Sum: 1\r\n\r\n`;
    }
  }
}

function lines(packets: readonly Buffer[]): { lines: string[]; goesOn: boolean; status: number | undefined } {
  const read: string[] = [];
  let status: number | undefined;
  let goesOn = true;
  const reader = new StreamReader({
    begun: (given) => {
      status = given;
    },
    line: (text) => void read.push(text),
  });
  for (const packet of packets) if (goesOn) goesOn = reader.push(packet);
  return { lines: read, goesOn, status };
}

function event(random: Random): string {
  const labels = Object.fromEntries(random.many(5, () => [random.text(6), random.text(30)]));
  return eventLine(
    random.one(['container', 'network']),
    random.one(['start', 'die', 'health_status: healthy']),
    `id${random.below(9)}`,
    `${1795559323000000000n + BigInt(random.below(1e9))}`,
    { ...labels, name: random.text(10), exitCode: String(random.below(300)) },
  );
}

/** Calls, and takes an error whose message fits for an answer. */
function mayThrow(act: () => void, pattern: RegExp): void {
  try {
    act();
  } catch (error) {
    expect(String(error)).toMatch(pattern);
  }
}

function journalLine(random: Random, sequence: number): string {
  const transition = {
    event: 'start',
    reason: 'engine-started',
    source: 'engine',
    engine: 'default',
    at: 1,
    sequence: 1,
  };
  const kinds: readonly [object, ...object[]] = [
    { kind: 'transition', transition },
    {
      kind: 'hook-started',
      hook: 'on_start/10-a',
      run: `r${random.below(5)}`,
      transition,
      process: { pid: 7, started: '1' },
    },
    {
      kind: 'hook-ended',
      hook: 'on_start/10-a',
      run: `r${random.below(5)}`,
      outcome: { kind: 'succeeded' },
      durationMs: 3,
      output: random.text(20),
      outputBytes: 20,
    },
    { kind: 'journal-opened', pid: 1 },
    { kind: 'journal-closed' },
  ];
  return `${JSON.stringify({ version: 1, sequence, time: '2026-11-24T22:28:43.123Z', ...random.one(kinds) })}\n`;
}

export const targets: Readonly<Record<string, Target>> = {
  'http-answers': {
    make: (random) => Buffer.from([httpAnswer(random), ...random.many(4, () => httpAnswer(random))].join('')),
    honest: (bytes, random) => expect(answers(random.cut(bytes))).toEqual(answers([bytes])),
    damaged: (bytes, random) =>
      mayThrow(() => {
        for (const { status, body } of answers(random.cut(bytes))) {
          expect(status).toBeGreaterThanOrEqual(200);
          expect(body.length).toBeLessThanOrEqual(longestBody);
        }
      }, /^Error: The answer/),
  },
  'event-stream': {
    make(random) {
      const body = random.many(6, () => `${event(random)}\n`).join('');
      if (random.below(3) === 0) return Buffer.from(`HTTP/1.1 200 OK\r\n\r\n${body}`);
      const whole = Buffer.from(body);
      const chunks = random.cut(whole).filter(({ length }) => length > 0);
      const coded = chunks.flatMap((chunk) => [
        Buffer.from(`${chunk.length.toString(16)}\r\n`),
        chunk,
        Buffer.from('\r\n'),
      ]);
      return Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'), ...coded]);
    },
    honest(bytes, random) {
      const whole = lines([bytes]);
      expect(lines(random.cut(bytes))).toEqual(whole);
      for (const line of whole.lines) expect(parseEvent(line)).toBeDefined();
    },
    damaged: (bytes, random) =>
      mayThrow(
        () =>
          lines(random.cut(bytes)).lines.flatMap((line) => [parseEvent(line), parseEvent(line, 'podman')]),
        /^Error: (The answer|A line|The line)/,
      ),
  },
  'dbus-messages': {
    make: (random) =>
      encodeCall(
        {
          destination: 'org.example',
          path: '/org/example',
          interface: 'org.example.Interface',
          member: random.one(['Get', 'Hello', 'PropertiesChanged']),
          arguments: random.many(3, () =>
            random.below(2) === 0 ? ['u', random.below(2 ** 32)] : ['s', random.text(20)],
          ),
        },
        1 + random.below(1000),
      ),
    honest(bytes) {
      expect(messageLength(bytes)).toBe(bytes.length);
      expect(decodeMessage(bytes)).toMatchObject({ kind: 'call', path: '/org/example' });
    },
    damaged: (bytes) =>
      mayThrow(() => {
        const length = messageLength(bytes);
        if (length === undefined) return;
        expect(length).toBeGreaterThanOrEqual(16);
        expect(length).toBeLessThanOrEqual(longestMessage);
        if (bytes.length >= length) decodeMessage(bytes.subarray(0, length));
      }, /^RangeError/),
  },
  'notifier-lines': {
    make: (random) =>
      Buffer.from(
        random
          .many(8, () => `${random.one(['start', 'stop', 'hold', 'ping'])}${random.one(['\n', '\r\n'])}`)
          .join(''),
      ),
    honest(bytes, random) {
      expect(notifierLines(random.cut(bytes))).toEqual(notifierLines([bytes]));
      for (const { kind } of notifierLines([bytes])) expect(kind).not.toBe('refused');
    },
    damaged(bytes, random) {
      const read = notifierLines(random.cut(bytes));
      expect(read).toEqual(notifierLines([bytes]));
      for (const line of read)
        if (line.kind === 'refused') expect(line.bytes.length).toBeLessThanOrEqual(256);
      expect(read.slice(0, -1).some(({ kind }) => kind === 'refused')).toBe(false);
    },
  },
  'ledger-file': {
    make(random) {
      const taken = random.many(6, () => event(random)).map((json, index) => ({ json, number: index + 1 }));
      const state = {
        run: '7@1@boot',
        names: [['container_start', '1']],
        heard: [],
        running: [['id1', { since: '5', attributes: { name: 'a' } }]],
      };
      const all = [
        { kind: 'ledger', version: 1, number: 0, state },
        ...taken.flatMap(({ json, number }) => [
          { kind: 'taken', number, event: parseEvent(json), reason: 'event' },
          ...random.many(1, () => ({ kind: random.one(['begun', 'done', 'cut']), number })),
        ]),
        ...random.many(2, () => ({ kind: 'heard', event: parseEvent(event(random)), reason: 'event' })),
      ];
      return Buffer.from(all.map((line) => `${JSON.stringify(line)}\n`).join(''));
    },
    honest(bytes, _, folder) {
      const path = join(folder, 'ledger.jsonl');
      writeFileSync(path, bytes);
      const said: string[] = [];
      const file = new LedgerFile(path, 'new', ({ kind }) => void said.push(kind));
      const lines = String(bytes).trimEnd().split('\n').map(parseLine);
      const done = lines.filter(({ kind }) => kind === 'done').map(({ number }) => number);
      const taken = lines.filter(({ kind, number }) => kind === 'taken' && !done.includes(number));
      expect(file.pending.map(({ number }) => number)).toEqual(taken.map(({ number }) => number));
      expect(said).toEqual([]);
      file.close();
      rmSync(path, { force: true });
    },
    damaged(bytes, random, folder) {
      const path = join(folder, 'ledger.jsonl');
      writeFileSync(path, bytes);
      const file = new LedgerFile(path, random.one(['new', 'always', 'never']), () => {});
      file.ledger.open({
        run: '7@1@boot',
        found: random.one(['again', 'running', 'starting']),
        names: [
          { type: 'container', action: 'start' },
          { type: 'container', action: 'die' },
        ],
      });
      file.ledger.setClock('1795559323000000000');
      file.ledger.receive(eventOf('container', 'start', 'new', '1795559325000000000'));
      file.ledger.compare([]);
      file.ledger.reconcile();
      for (const told of file.pending) {
        expect(typeof told.event.id).toBe('string');
        file.begin(told.number);
        file.done(told.number);
      }
      file.save();
      file.close();
      // What it has made of the damage is sound.
      const damaged: string[] = [];
      new LedgerFile(path, 'new', ({ kind }) => void damaged.push(kind)).close();
      expect(damaged).toEqual([]);
      rmSync(path, { force: true });
    },
  },
  journal: {
    make: (random) =>
      Buffer.from(
        random
          .many(12, () => 0)
          .map((_, index) => journalLine(random, index + 1))
          .join(''),
      ),
    honest(bytes) {
      const { torn, unfinished } = decodeLines(bytes);
      expect([torn, unfinished]).toEqual([0, undefined]);
    },
    async damaged(bytes, _, folder) {
      const { records } = decodeLines(bytes);
      const open = new OpenRuns();
      for (const record of records) open.note(record);
      expect(open.records().length).toBeLessThanOrEqual(records.length);
      writeFileSync(join(folder, 'journal-000000000001.jsonl'), bytes);
      expect((await readPast(folder)).sequence).toBeGreaterThanOrEqual(0);
    },
  },
  'turn-file': {
    make(random) {
      const transitions = random
        .many(4, () => random.one(['start', 'stop']))
        .map((happened, index) => ({
          event: happened,
          reason: happened === 'start' ? 'engine-started' : random.one(['shutdown', 'crash']),
          source: random.one(['engine', 'companion']),
          engine: 'default',
          at: 1795559323000 + index,
          sequence: index + 1,
          run: '7@1@boot',
        }));
      const all = [
        { kind: 'turns', version: 1, owner: { pid: 1, startTime: '' } },
        ...transitions.flatMap((transition) => {
          const { event: happened, sequence, run } = transition;
          const hooks = ['10-a', random.text(8).replaceAll(/[/\0]/g, '') || 'b'];
          const steps = [
            { kind: 'begun', sequence, place: 0, hooks },
            { kind: 'runs', sequence, pid: 2 + random.below(4_000_000), startTime: '17' },
            { kind: 'ended', sequence, failed: random.below(2) === 0 },
            { kind: 'begun', sequence, place: 1 },
            random.one([
              { kind: 'dropped', sequence, why: 'another-run' },
              { kind: 'closed', sequence },
            ]),
          ];
          const told = { event: happened, sequence, run };
          return [{ kind: 'taken', told, turn: { transition } }, ...steps.slice(0, random.below(6))];
        }),
      ];
      return Buffer.from(all.map((line) => `${JSON.stringify(line)}\n`).join(''));
    },
    honest(bytes) {
      const { state, isDamaged } = readTurns(String(bytes), 'default');
      expect(isDamaged).toBe(false);
      const lines = String(bytes).trimEnd().split('\n').map(parseLine);
      const closed = lines.filter(({ kind }) => kind === 'closed').map(({ sequence }) => sequence);
      const taken = lines.flatMap(({ turn }) => (turn === undefined ? [] : [turn.transition.sequence]));
      expect([...state.kept.keys()]).toEqual(taken.filter((sequence) => !closed.includes(sequence)));
      // Written anew it comes to the same.
      const anew = linesOf(state).map((line) => `${JSON.stringify(line)}\n`);
      expect(readTurns(anew.join(''), 'default')).toEqual({ state, isDamaged: false });
    },
    damaged(bytes, _, folder) {
      const path = join(folder, 'turns-default.jsonl');
      writeFileSync(path, bytes);
      const owner = { pid: process.pid, startTime: '' };
      const open = () => openTurnFile({ path, engine: 'default', owner, report: () => {} });
      const turns = open();
      for (const { turn } of turns.pending) {
        expect(Number.isSafeInteger(turn.transition.sequence)).toBe(true);
        turns.close(turn.transition.sequence);
      }
      turns.end();
      // It has made a whole file of the damage, in which nothing is left to be done.
      expect(open().pending).toEqual([]);
      rmSync(path, { force: true });
    },
  },
  'engines.json': {
    make: (random) =>
      Buffer.from(
        JSON.stringify({
          version: 1,
          engines: Object.fromEntries(
            random.many(4, () => [
              random.text(8),
              { event: random.one(['start', 'stop']), sequence: 1 + random.below(99), run: '7@1@boot' },
            ]),
          ),
        }),
      ),
    honest(bytes, _, folder) {
      writeFileSync(join(folder, 'engines.json'), bytes);
      const said: string[] = [];
      const memory = openEngineMemory(folder, ({ kind }) => void said.push(kind));
      const { engines } = JSON.parse(String(bytes)) as { engines: Record<string, object> };
      for (const [name, told] of Object.entries(engines)) expect(memory.recall(name)).toEqual(told);
      expect(said).toEqual([]);
    },
    damaged(bytes, _, folder) {
      writeFileSync(join(folder, 'engines.json'), bytes);
      const memory = openEngineMemory(folder, () => {});
      const told = memory.recall('default');
      if (told !== undefined) expect(['start', 'stop']).toContain(told.event);
      memory.keep('default', { event: 'start', sequence: 1 });
      memory.flush();
      expect(openEngineMemory(folder, () => {}).recall('default')?.sequence).toBe(1);
    },
  },
};

function notifierLines(packets: readonly Buffer[]) {
  const reader = createLineReader();
  return [...packets.flatMap((packet) => reader.push(packet)), ...reader.end()];
}

/** A line of a file of ours, as far as these targets look at it. */
function parseLine(line: string) {
  return JSON.parse(line) as {
    readonly kind: string;
    readonly number?: number;
    readonly sequence?: number;
    readonly turn?: { readonly transition: { readonly sequence: number } };
  };
}
