import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkFolders } from '../../src/cli/doctor/files.ts';
import type { Settings } from '../../src/listener/config/settings.ts';
import { createHookStage, type HookStage } from '../support/hook-stage.ts';
import { runProgram } from '../support/program.ts';
import { expectSchema } from '../support/schema.ts';

let stage: HookStage;
/** A program that the group may write. */
let exposed: string;

beforeEach(() => {
  stage = createHookStage();
  exposed = stage.hook('bin/run', 'exec /bin/sh "$@"', 0o775);
  stage.hook('on_start/10-exposed', `#!/usr/bin/env -S ${exposed} -eu\n`);
  stage.hook('on_start/20-plain', '#!/bin/sh\n');
});
afterEach(() => stage.clear());

test.each(['hooks', 'hooks --json', '--dry-run'])(
  '%s shows an interpreter that others can write',
  async (how) => {
    const words =
      how === '--dry-run' ? [stage.folder, how] : [...how.split(' '), '--script-dir', stage.folder];
    const { code, output } = await runProgram([...words, '--config', 'none']);
    expect(code).toBe(0);
    if (how.endsWith('--json')) {
      const shown = JSON.parse(output) as { folders: { hooks: object[] }[] };
      expectSchema('hooks', shown);
      const [first, second] = shown.folders[0]?.hooks ?? [];
      expect(first).toMatchObject({ exposedInterpreter: { program: exposed, path: exposed } });
      expect(second).not.toHaveProperty('exposedInterpreter');
      return;
    }
    const [, line, fix, next] = output.split('\n');
    expect(line).toContain(`10-exposed  `);
    expect(line).toContain(`warning: another user can replace what runs it, ${exposed}`);
    expect(fix?.trim()).toBe(`Run: chmod g-w ${exposed}`);
    expect(next).toMatch(/2\. 20-plain/);
  },
);

test('doctor notes it, with the fix, and nothing is wrong', () => {
  const stateDir = join(stage.folder, 'state');
  mkdirSync(stateDir, { mode: 0o700 });
  const settings = { scriptDir: stage.folder, stateDir, hooks: stage.host.settings } as Settings;
  const findings = checkFolders(settings, stage.host.account);
  const outcome = { kind: 'exited', code: 3 } as const;
  const failed = {
    kind: 'failed',
    engine: 'e',
    name: 'on_start/20-plain',
    time: '',
    run: 'r',
    outcome,
  } as const;
  const failures = [{ ...failed, durationMs: 5, lastLine: 'no route' }];
  expect(checkFolders(settings, stage.host.account, failures)).toContainEqual({
    check: 'on_start/20-plain',
    verdict: 'note',
    found: expect.stringContaining('failed'),
    cure: 'It said: no route',
  });
  expect(findings).toContainEqual({
    check: 'on_start/10-exposed',
    verdict: 'note',
    found: expect.stringContaining(`may run, but another user can replace what runs it, ${exposed}`),
    cure: `Run: chmod g-w ${exposed}`,
  });
  expect(findings).toContainEqual({ check: 'on_start/20-plain', verdict: 'ok', found: 'may run' });
  expect(findings.filter(({ verdict }) => verdict === 'wrong')).toEqual([]);
});
