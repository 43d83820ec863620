import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, '.github', 'workflows');
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

interface Step {
  readonly uses?: string;
  readonly run?: string;
}
interface Job {
  readonly name: string;
  readonly 'timeout-minutes': number;
  readonly strategy?: { readonly matrix: Record<string, unknown> };
  readonly steps: readonly Step[];
}

/** What runs nowhere but at GitHub: as much of it as can be held to something here. */
describe.each(readdirSync(folder))('the workflow %s', (name) => {
  const text = readFileSync(join(folder, name), 'utf8');
  const { jobs, permissions } = parse(text, { strict: true }) as {
    jobs: Record<string, Job>;
    permissions: unknown;
  };
  const steps = Object.values(jobs).flatMap((job) => job.steps);
  const commands = steps.flatMap(({ run }) => (run === undefined ? [] : [run]));

  test('has no more rights than it needs, and no job without an end', () => {
    expect(permissions).toEqual({ contents: 'read' });
    for (const job of Object.values(jobs)) expect(job['timeout-minutes']).toBeGreaterThan(0);
    for (const { uses, run } of steps)
      expect([uses, run].filter((part) => part !== undefined).length).toBe(1);
  });

  test('calls scripts that there are, and in the way a shell reads', () => {
    for (const command of commands) {
      expect(spawnSync('bash', ['-n'], { input: command, encoding: 'utf8' })).toMatchObject({ status: 0 });
      for (const [, script = ''] of command.matchAll(/npm run ([\w:-]+)/g))
        expect(scripts).toHaveProperty(script);
      for (const [path] of command.matchAll(/\b(?:test|scripts)\/[\w./-]+/g)) {
        expect(existsSync(join(root, path))).toBe(true);
      }
    }
    expect(commands.length).toBeGreaterThan(3);
  });

  test('names of its matrices only what is in them', () => {
    for (const job of Object.values(jobs)) {
      const known = Object.keys(job.strategy?.matrix ?? {});
      for (const [, key] of JSON.stringify(job).matchAll(/matrix\.(\w+)/g)) expect(known).toContain(key);
    }
  });
});

test('.ci/run is a script, and calls scripts that there are', () => {
  const path = join(root, '.ci', 'run');
  expect(spawnSync('bash', ['-n', path])).toMatchObject({ status: 0 });
  for (const [, script = ''] of readFileSync(path, 'utf8').matchAll(/npm run ([\w:-]+)(?:$|, without)/gm)) {
    expect(scripts).toHaveProperty(script);
  }
});
