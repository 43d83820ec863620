import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JournalRecord } from '../../../src/listener/journal/record.ts';
import { bundle } from '../../support/bundle.ts';
import { createJournalStage, type JournalStage } from '../../support/journal-stage.ts';

/** `DLL_KILLS=200 npx vitest run test/listener/journal` for as many as it takes to believe it. */
const kills = Number(process.env.DLL_KILLS ?? 15);

/** How many files are kept: more than a few kills fill, fewer than many do. */
const files = 100;

let stage: JournalStage;
beforeEach(() => {
  stage = createJournalStage();
});
afterEach(() => stage.clear());

test('killed at any moment: it stays readable, and nothing that was seen is lost', async () => {
  const program = bundle('support/journal-writer', stage.base);
  let seen: JournalRecord[] = [];
  let interrupted = 0;
  for (let kill = 0; kill < kills; kill++) {
    const writer = spawn(process.execPath, [program, stage.folder, '200000', String(files)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = once(writer, 'exit');
    await once(writer.stdout, 'data');
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 60));
    // What a reader sees while it is written…
    const before = await stage.read();
    writer.kill('SIGKILL');
    await exit;
    // … is there after the kill, and so is what was seen after the kill at the next one.
    const after = await stage.read();
    const known = new Map(after.map((record) => [record.sequence, record]));
    const own = after.filter((record) => !('again' in record)).map(({ sequence }) => sequence);
    // But for the oldest, whose file was one too many.
    const oldest = own[0] ?? 1;
    expect(oldest === 1 || stage.files().length >= files).toBe(true);
    for (const record of [...seen, ...before]) {
      if ('again' in record || record.sequence < oldest) continue;
      expect(known.get(record.sequence)).toEqual(record);
    }
    expect(own.filter((sequence, index) => sequence !== oldest + index)).toEqual([]);
    interrupted += after.filter(({ kind }) => kind === 'hook-interrupted').length;
    seen = after;
  }
  const ran = new Set(seen.flatMap((record) => (record.kind === 'hook-started' ? [record.run] : [])));
  const over = new Set(
    seen.flatMap((record) =>
      record.kind === 'hook-ended' || record.kind === 'hook-interrupted' ? [record.run] : [],
    ),
  );
  // All but the last writer's have an end of one kind or the other.
  expect([...ran].filter((run) => !over.has(run)).length).toBeLessThanOrEqual(1);
  expect(ran.size).toBeGreaterThan(kills);
  if (kills > 50) expect(interrupted).toBeGreaterThan(0);
});
