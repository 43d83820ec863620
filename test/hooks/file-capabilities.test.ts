import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { admit } from '../../src/hooks/admit.ts';
import { describeRefusal } from '../../src/listener/words/refusal.ts';
import { needing } from '../support/needs.ts';
import { makePrivateFolder } from '../support/private-folder.ts';

let folder: string;
beforeEach(() => {
  folder = makePrivateFolder('dll-test-', process.geteuid?.() ?? 0, process.env);
});
afterEach(() => rmSync(folder, { recursive: true }));

const environment = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };

test(
  'a binary with file capabilities is refused, and the fix mends it',
  needing('root', 'linux', 'setcap'),
  () => {
    const path = join(folder, '10-ping');
    copyFileSync('/bin/true', path);
    chmodSync(path, 0o755);
    const admission = () => admit({ path, name: 'on_start/10-ping' }, 0);
    expect(admission().kind).toBe('admitted');
    execFileSync('setcap', ['cap_net_raw+ep', path], { env: environment });
    const refused = admission();
    expect(refused).toEqual({ kind: 'refused', path, cause: { kind: 'capabilities' } });
    const fix = refused.kind === 'refused' ? describeRefusal(refused).fix : '';
    execFileSync('sh', ['-c', fix.replace('Run: ', '')], { env: environment });
    expect(admission().kind).toBe('admitted');
  },
);

test(
  'those of a script are none: the kernel takes no notice of them',
  needing('root', 'linux', 'setcap'),
  () => {
    const path = join(folder, '10-script');
    writeFileSync(path, '#!/bin/sh\n', { mode: 0o755 });
    execFileSync('setcap', ['cap_net_raw+ep', path], { env: environment });
    expect(admit({ path, name: 'on_start/10-script' }, 0).kind).toBe('admitted');
  },
);
