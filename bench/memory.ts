/**
 * The memory of a listener that waits, by that of a bare Node that holds one socket. Each is started anew each round,
 * and read after it has rested: some 8 s after work V8 collects its garbage.
 *
 * Usage: npm run bench -- memory [ROUNDS [FLAG …]]      3 by default; with each flag of Node a further listener
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createArena } from './support/arena.ts';
import { describeLoad, describeMachine } from './support/machine.ts';
import { program } from './support/measured-listener.ts';
import { type Memory, memoryOf } from './support/process-figures.ts';
import { median, table } from './support/statistics.ts';

/** In ms. */
const rest = 40_000;

const [rounds = '3', ...flags] = process.argv.slice(2);
console.log(`${describeMachine()}, ${describeLoad()}\n`);
const arena = createArena();
const { folder } = arena;
const bare = `const { connect, createServer } = require('node:net');
createServer(() => {}).listen(process.argv[1], () => connect(process.argv[1]));`;
const settings = ['--no-notifier', '--config', 'none', '--host', `unix://${join(folder, 'none.sock')}`];
const scripts = arena.scripts('scripts').folder;
const contenders: readonly (readonly [string, (name: string) => string[]])[] = [
  ['bare Node', (name) => ['-e', bare, join(folder, `${name}.sock`)]],
  ...['', ...flags].map((flag): [string, (name: string) => string[]] => [
    `the listener ${flag}`,
    (name) => [
      ...(flag === '' ? [] : [flag]),
      ...[
        program,
        ...settings,
        '--state-dir',
        join(folder, name),
        '--control',
        join(folder, `${name}.control`),
      ],
      scripts,
    ],
  ]),
];
try {
  const found = contenders.map((): Memory[] => []);
  for (let round = 0; round < Number(rounds); round++) {
    const children = contenders.map(([, words], index) => start(words(`${round}-${index}`)));
    await pause(rest);
    for (const [index, { pid = 0 }] of children.entries()) found[index]?.push(memoryOf(pid));
    for (const child of children) {
      child.kill();
      await once(child, 'exit');
    }
  }
  process.stdout.write(report(found));
} finally {
  arena.clear();
}

function start(words: readonly string[]): ChildProcess {
  return spawn(process.execPath, words, { stdio: 'ignore', cwd: '/' });
}

function report(found: readonly (readonly Memory[])[]): string {
  const figures = found.map((all) =>
    (['pssAnon', 'rss'] as const).map((name) => median(all.map((memory) => memory[name]))),
  );
  const rows = contenders.map(([name], index) => [
    name,
    ...(figures[index] ?? []).flatMap((kibibytes, column) => [
      (kibibytes / 1024).toFixed(1),
      (kibibytes / (figures[0]?.[column] ?? Number.NaN)).toFixed(2),
    ]),
  ]);
  return table([['', 'Pss_Anon, MiB', 'by bare Node', 'RSS, MiB', 'by bare Node'], ...rows]);
}
