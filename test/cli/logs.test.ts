import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { logCommand } from '../../src/cli/logs.ts';
import type { Supervisor } from '../../src/service/machine.ts';
import { asNobody } from '../support/as-nobody.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dll-logs-'));
  file = join(folder, 'listener.log');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A systemd that knows the unit or not, and has lines of it or not. */
const systemd = (state: 'loaded' | 'not-found', lines: string) => ({
  ask: ([command]: readonly string[]) => (command === 'journalctl' ? lines : `LoadState=${state}`),
});
const wish = { kind: 'logs', follow: false, lines: 2 } as const;

describe('the service’s log', () => {
  test.each(['launchd', 'openrc', 'none'] as const)('is a file with %s', (kind) => {
    const supervisor: Supervisor = { kind };
    const command = (lines: number) =>
      logCommand({ ...wish, lines }, supervisor, systemd('not-found', ''), file);
    expect(() => command(2)).toThrow('There is no log of a service here');
    writeFileSync(file, 'one\ntwo\nthree\n');
    const [name = '', ...words] = command(2);
    expect(execFileSync(name, words, { encoding: 'utf8' })).toBe('two\nthree\n');
    expect(logCommand({ ...wish, follow: true }, supervisor, systemd('not-found', ''), file)).toContain('-F');
  });

  test('is asked of journalctl with systemd, also of a service that was uninstalled since', () => {
    const supervisor: Supervisor = { kind: 'systemd', notifies: true };
    const words = ['journalctl', '--unit=docker-lifecycle-listener.service', '--lines=2'];
    for (const machine of [systemd('loaded', 'a line'), systemd('not-found', 'a line')]) {
      expect(logCommand(wish, supervisor, machine)).toEqual(expect.arrayContaining(words));
    }
    expect(logCommand({ ...wish, follow: true }, supervisor, systemd('loaded', 'a line'))).toContain(
      '--follow',
    );
    expect(() => logCommand(wish, supervisor, systemd('not-found', ''))).toThrow('no log of a service');
  });

  test('that this user may not read is not shown as empty', async () => {
    const supervisor: Supervisor = { kind: 'systemd', notifies: true };
    await asNobody(() => {
      expect(() => logCommand(wish, supervisor, systemd('loaded', ''))).toThrow('this user may not read it');
      expect(logCommand(wish, supervisor, systemd('loaded', 'a line'))).toContain('--lines=2');
    });
  });
});
