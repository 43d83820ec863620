import { spawn } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { processInPidfile } from '../../../src/watch/host/pidfile.ts';
import { needing } from '../../support/needs.ts';

describe('the process that a pid file names', needing('linux'), () => {
  let folder: string;
  let pidfile: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dll-pidfile-'));
    pidfile = join(folder, 'docker.pid');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('is one that lives, and began before the file was written', () => {
    writeFileSync(pidfile, `${process.pid}\n`);
    expect(processInPidfile(pidfile)?.pid).toBe(process.pid);
    writeFileSync(pidfile, '');
    expect(processInPidfile(pidfile)).toBeUndefined();
  });

  test('in a file of another user is a process of that user, and no other', needing('root'), async () => {
    const user = 65_534;
    const [own, another] = [user, user - 1].map((uid) => spawn('sleep', ['1000'], { uid, gid: uid }));
    try {
      const named = [own, another, process].map((each) => {
        writeFileSync(pidfile, String(each?.pid));
        chownSync(pidfile, user, user);
        return processInPidfile(pidfile)?.pid;
      });
      expect(named).toEqual([own?.pid, undefined, undefined]);
      chownSync(pidfile, 0, 0);
      writeFileSync(pidfile, String(own?.pid));
      expect(processInPidfile(pidfile)?.pid).toBe(own?.pid);
    } finally {
      own?.kill('SIGKILL');
      another?.kill('SIGKILL');
    }
  });
});
