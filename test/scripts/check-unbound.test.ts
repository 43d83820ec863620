import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { needing } from '../support/needs.ts';

const script = fileURLToPath(new URL('../../scripts/check-unbound.js', import.meta.url));

test('reports each way to take a method off its instance, and no call on it', needing('checks'), () => {
  const folder = mkdtempSync(join(tmpdir(), 'check-unbound-'));
  try {
    writeFileSync(
      join(folder, 'counter.ts'),
      `export class Counter {
  #count = 0;
  add(): number { this.#count += 1; return this.#count; }
  readonly bound = (): number => this.add();
  static make(): Counter { return new Counter(); }
}
`,
    );
    writeFileSync(
      join(folder, 'use.ts'),
      `import { Counter } from './counter.ts';
const counter = Counter.make();
export const { add } = counter;
export const all = [1].map(counter.add);
export const copy = { ...counter };
export const right = [[1].map(() => counter.add()), [1].map(counter.bound), [1].map(Counter.make)];
`,
    );
    const { status, stderr } = spawnSync(process.execPath, [script, folder], { encoding: 'utf8' });
    expect(stderr.match(/use\.ts:\d+ takes .* off/g)).toEqual([
      'use.ts:3 takes add off',
      'use.ts:4 takes counter.add off',
      'use.ts:5 takes ...counter off',
    ]);
    expect(status).toBe(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
