// Writes a journal as a busy queue of hooks does, until it is killed. Usage: node journal-writer.mjs FOLDER FILE_SIZE FILES
import { setTimeout } from 'node:timers/promises';
import { openJournal } from '../../src/listener/journal/journal.ts';

const [folder = '', fileSize = '0', files = '1'] = process.argv.slice(2);
const account = { uid: process.geteuid?.() ?? 0, username: 'test', home: '/', shell: '/bin/sh' };
const transition = {
  event: 'start',
  reason: 'engine-started',
  source: 'engine',
  engine: 'e',
  at: 0,
} as const;

const journal = await openJournal({
  folder,
  account,
  report: (report) => process.stderr.write(`${JSON.stringify(report)}\n`),
  limits: { fileSize: Number(fileSize), files: Number(files) },
});
process.stdout.write('open\n');
for (let number = 1; ; number++) {
  const run = `${process.pid}-${number}`;
  const hook = `on_start/${number}`;
  journal.append({ kind: 'hook-started', hook, run, transition: { ...transition, sequence: number } });
  if (number % 3 === 0) await setTimeout(0);
  const output = 'ä'.repeat(Math.floor(Math.random() * 3000));
  const outcome = { kind: 'exited', code: 0 } as const;
  journal.append({
    kind: 'hook-ended',
    hook,
    run,
    outcome,
    durationMs: 1,
    output,
    outputBytes: output.length,
  });
  if (number % 5 === 0) await setTimeout(0);
}
