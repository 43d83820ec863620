import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { needing } from '../support/needs.ts';

/** Adds a member to a union on a copy of the source: the compiler must name each place that has to know it. */
const project = fileURLToPath(new URL('../..', import.meta.url));
let copy: string;

interface Settings {
  readonly compilerOptions: object;
}

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'new-reason-'));
  for (const part of ['src', 'schemas', 'scripts', 'package.json', 'tsconfig.json'])
    cpSync(join(project, part), join(copy, part), { recursive: true });
  symlinkSync(join(project, 'node_modules'), join(copy, 'node_modules'));
  // The page's client too, which has a project of its own, in the one run.
  const { compilerOptions } = JSON.parse(readFileSync(join(copy, 'tsconfig.json'), 'utf8')) as Settings;
  const options = { ...compilerOptions, lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'] };
  writeFileSync(join(copy, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['src'] }));
  expect(placesAfter([])).toEqual({ files: [], schemas: [] });
});
afterAll(() => rmSync(copy, { recursive: true }));

function run(program: string, ...words: string[]): string {
  const { stdout, stderr } = spawnSync(program, words, { cwd: copy, encoding: 'utf8' });
  return stdout + stderr;
}

/** Makes the changes, and returns the files that do not compile any more and the schemas that are not current any more. */
function placesAfter(changes: readonly (readonly [file: string, from: string, to: string])[]): object {
  const before = changes.map(([file]) => readFileSync(join(copy, file), 'utf8'));
  try {
    for (const [file, from, to] of changes) {
      const text = readFileSync(join(copy, file), 'utf8');
      expect(text.split(from).length, `${file} has ${from} once`).toBe(2);
      writeFileSync(join(copy, file), text.replace(from, to));
    }
    const errors = run('node_modules/.bin/tsc', '--singleThreaded');
    const schemas = run(process.execPath, 'scripts/schemas.js', '--check', copy);
    return {
      files: [...new Set([...errors.matchAll(/^(src\/\S+?\.ts)\(/gm)].map(([, name = '']) => name))].sort(),
      schemas: [...schemas.matchAll(/schemas\/(\S+?)\.schema\.json/g)].map(([, name = '']) => name).sort(),
    };
  } finally {
    for (const [at, [file]] of changes.entries()) writeFileSync(join(copy, file), before[at] ?? '');
  }
}

test(
  'a reason is asked for by its words, its metric, the turn file, the library and the schemas',
  needing('checks'),
  () => {
    const change = [
      'src/watch/lifecycle/transition.ts',
      "'unseen' | 'requested';",
      "'unseen' | 'requested' | 'paused';",
    ] as const;
    expect(placesAfter([change])).toEqual({
      files: [
        'src/listener/journal/turn-lines.ts',
        'src/listener/metrics/collector.ts',
        'src/listener/words/transitions.ts',
        'src/watch/index.ts',
      ],
      schemas: ['event', 'history', 'history-entry', 'status'],
    });
  },
);

test(
  'an outcome, a why, a kind of event and a kind of record are asked for by each place that shows them',
  needing('checks'),
  () => {
    const outcome = "  | { readonly kind: 'exited'; readonly code: number }\n";
    const why = "'too-many' | 'withdrawn';";
    const event = "  | { readonly kind: 'engine-silent' }\n";
    const record = "  | { readonly kind: 'transition'; readonly transition: Transition }\n";
    const records = 'src/listener/journal/record.ts';
    expect(
      placesAfter([
        ['src/hooks/run.ts', outcome, `${outcome}  | { readonly kind: 'paused' }\n`],
        [records, why, why.replace(';', " | 'paused';")],
        ['src/watch/engine/report.ts', event, `${event}  | { readonly kind: 'engine-paused' }\n`],
        [records, record, `${record}  | { readonly kind: 'engine-silent' }\n`],
      ]),
    ).toEqual({
      files: [
        // What `events` shows of a record, and the exit code of an outcome.
        'src/cli/events.ts',
        'src/cli/trigger.ts',
        // The part of the journal that a fleet gets.
        'src/fleet/message.ts',
        // How a record is kept, and its entry in the history; the class of an outcome.
        'src/listener/event-kinds.ts',
        'src/listener/journal/entry.ts',
        'src/listener/metrics/collector.ts',
        'src/listener/throttled-log.ts',
        'src/listener/words/outcomes.ts',
        'src/listener/words/transitions.ts',
        'src/watch/words.ts',
      ],
      schemas: ['event', 'history', 'history-entry', 'status', 'trigger'],
    });
  },
);
