import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { admit } from '../../src/hooks/admit.ts';
import { learnCapabilities } from '../../src/hooks/file-capabilities.ts';
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

/** Makes binaries; returns them as hooks. */
function binaries(prefix: string, count: number) {
  return Array.from({ length: count }, (_, index) => {
    const name = `${prefix}-${index}`;
    copyFileSync('/bin/true', join(folder, name));
    chmodSync(join(folder, name), 0o755);
    return { path: join(folder, name), name: `on_start/${name}` };
  });
}

test(
  'many binaries are asked about at once, also where one of them has capabilities',
  needing('root', 'linux', 'setcap'),
  () => {
    const [some, others] = [binaries('10', 20), binaries('20', 20)];
    const paths = (hooks: typeof some) => hooks.map(({ path }) => path);
    const took = (use: () => void) => {
      const began = performance.now();
      use();
      return performance.now() - began;
    };
    const kinds = (hooks: typeof some) => new Set(hooks.map((hook) => admit(hook, 0).kind));
    const oneByOne = took(() => expect(kinds(some)).toEqual(new Set(['admitted'])));
    learnCapabilities(paths(others));
    const known = took(() => expect(kinds(others)).toEqual(new Set(['admitted'])));
    expect(known / oneByOne).toBeLessThan(0.5);

    const mixed = binaries('30 with space', 3);
    execFileSync('setcap', ['cap_net_raw+ep', mixed[1]?.path ?? ''], { env: environment });
    learnCapabilities(paths(mixed));
    expect(mixed.map((hook) => admit(hook, 0).kind)).toEqual(['admitted', 'refused', 'admitted']);
  },
);
