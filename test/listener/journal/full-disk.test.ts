import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createJournalStage, ended, entry, type JournalStage } from '../../support/journal-stage.ts';
import { needing } from '../../support/needs.ts';
import { waitFor } from '../../support/wait-for.ts';

const mayMount = process.platform === 'linux' && process.geteuid?.() === 0;

let stage: JournalStage;
beforeEach(() => {
  stage = createJournalStage();
});
afterEach(async () => {
  // Closed first: what is open cannot be unmounted.
  await stage.clear().catch(() => {});
  if (mayMount) spawnSync('umount', [join(stage.base, 'disk')]);
  rmSync(stage.base, { recursive: true, force: true });
});

test(
  'a full disk is reported once; what was cut off there takes nothing with it',
  needing('linux', 'root'),
  async () => {
    const disk = join(stage.base, 'disk');
    mkdirSync(disk);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=128k,mode=755', 'tmpfs', disk]);
    expect(mounted.status, String(mounted.stderr)).toBe(0);
    const ballast = join(disk, 'ballast');
    writeFileSync(ballast, Buffer.alloc(65_536));
    const folder = join(disk, 'journal');
    const journal = await stage.open({ folder, limits: { waiting: 100_000 } });
    for (let number = 0; number < 30; number++) journal.append(ended(String(number), 'x'.repeat(4001)));
    await waitFor(() => stage.reports.length > 0);
    expect(stage.reports).toEqual([{ kind: 'journal-failing', folder, code: 'ENOSPC' }]);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(stage.reports).toHaveLength(1);

    rmSync(ballast);
    await waitFor(() => stage.reports.length > 1);
    expect(stage.reports[1]).toMatchObject({ kind: 'journal-recovered' });
    journal.append(entry(100));
    await journal.close();
    const { lost } = stage.reports[1] as { lost: number };
    const records = await stage.readFrom(folder);
    expect(records.at(-2)).toMatchObject(entry(100));
    expect(records.length + lost).toBe(33);
  },
);
