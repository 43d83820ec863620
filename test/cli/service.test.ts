import { chmodSync, cpSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import schema from '../../schemas/doctor.schema.json' with { type: 'json' };
import { isToStop, listenerState } from '../../src/cli/companion.ts';
import { describeFindings } from '../../src/cli/doctor.ts';
import { needing } from '../support/needs.ts';
import { makePrivateFolder } from '../support/private-folder.ts';
import { asNobody, isRoot, runProgram } from '../support/program.ts';
import { program } from '../support/stage.ts';

/** The program where every user may read it, run by a user who is not root. */
describe('who is not root', () => {
  let folder: string;
  let bundle: string;
  beforeEach(() => {
    folder = makePrivateFolder('dll-test-', process.geteuid?.() ?? 0, process.env);
    chmodSync(folder, 0o755);
    // The folder that the program is in, as a checkout has it: with its parts.
    const checkout = dirname(dirname(program));
    cpSync(dirname(program), join(folder, 'dist'), { recursive: true });
    cpSync(join(checkout, 'package.json'), join(folder, 'package.json'));
    bundle = join(folder, 'dist', basename(program));
    chmodSync(bundle, 0o644);
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const run = (...words: string[]) => runProgram(words, { bundle, ...(isRoot && { under: asNobody }) });

  const state = '/var/lib/docker-lifecycle-listener';
  const closed = `mkdir -m 0700 ${state}`;
  /** Runs it on a machine whose /var/lib has nothing but what a command of root's puts there. */
  function runIn(prepare: string, ...words: string[]) {
    const machine = `mount -t tmpfs -o mode=0755 tmpfs /var/lib && ${prepare} && exec "$@"`;
    return runProgram(words, {
      bundle,
      under: ['unshare', '--mount', 'sh', '-c', machine, 'sh', ...asNobody],
    });
  }

  test.each(['install', 'uninstall'])('gets the line with which %s works', async (command) => {
    const { code, output, errors } = await run(command, '--yes');
    expect({ code, output }).toEqual({ code: 77, output: '' });
    expect(errors).toContain(`Run: sudo ${process.execPath} ${bundle} ${command} --yes`);
  });

  test('may see what would be done', needing('root', 'linux'), async () => {
    const { code, output } = await runIn('true', 'install', '--dry-run', '--verbose', '--stop-wait', '5s');
    const summary = await runIn('true', 'install', '--dry-run');
    expect(summary.output.split('\n').length).toBeLessThanOrEqual(26);
    expect(summary.output).toMatch(
      /^ {2}write {3}\S+\/docker-lifecycle-listener\/ \(\d+ files, \d folders\)$/m,
    );
    expect(output.split('\n').length).toBeGreaterThan(26);
    expect(code).toBe(0);
    expect(output).toMatch(/^ {2}copy {4}\S+\/node, from /m);
    expect(output).toMatch(/^ {2}link {4}\S+\/current to /m);
  });

  test('reads that no hook is run for podman.service', needing('root', 'linux'), async () => {
    const { code, output } = await runIn('true', 'install', '--dry-run', '--docker-unit', 'podman.service');
    expect(code).toBe(0);
    expect(output).toContain('neither on_start nor on_stop is run');
    expect(output).toContain('ExecStart=podman system service --time 0');
  });

  test.each([
    ['install', '--dry-run'],
    ['uninstall', '--dry-run'],
  ])(
    'may not see what %s would do where the state is root’s alone, and reads so',
    needing('root', 'linux'),
    async (...words) => {
      const { code, output, errors } = await runIn(closed, ...words);
      expect({ code, output }).toEqual({ code: 77, output: '' });
      expect(errors).toBe(
        `docker-lifecycle-listener: May not look at ${state}/installed.json (EACCES): what is installed cannot be seen\n` +
          '  Run this with sudo\n',
      );
    },
  );

  test(
    'doctor says that it may not see what is installed, and looks at the rest',
    needing('root', 'linux'),
    async () => {
      const { output, errors } = await runIn(closed, 'doctor', '--json');
      expect(errors).toBe('');
      const { findings } = JSON.parse(output) as { findings: { check: string; found: string }[] };
      expect(findings.find(({ check }) => check === 'installed')?.found).toContain('May not look at');
      expect(findings.map(({ check }) => check)).toContain('version');
    },
  );

  test('may be examined, and nothing is changed by it', async () => {
    const { output } = await run('doctor', '--json');
    const said = JSON.parse(output);
    const fits = new Ajv2020().compile(schema);
    expect(fits(said), JSON.stringify(fits.errors)).toBe(true);
    expect(said.findings.map(({ check }: { check: string }) => check)).toContain('version');
  });
});

describe('wrong usage ends it with exit code 64', () => {
  test.each([
    [['install', '--prefx', '/opt'], 'Did you mean --prefix?'],
    [['install', 'more'], 'install takes no argument: more'],
    [['install', '--port', '0'], '"0" is no port'],
    [['install', '--docker-unit', 'docker'], '"docker" is no service'],
    [['install', '--docker-unit', 'a b.service'], 'is no service'],
    [['install', '--notifier', 'allways'], 'Did you mean always?'],
    [['install', '--script-dir', '/etc/a"b'], 'cannot stand in a unit'],
    [['install', '--prefix', '/'], 'cannot stand in a unit'],
    [['install', '--stop-wait', 'long'], '"long" is no duration'],
    [['install', '--stop-wait', '61min'], 'longer than a stop may wait'],
    [['uninstall', '--prefix', '/opt'], '--prefix'],
    [['doctor', 'more'], 'doctor takes no argument: more'],
    [['companion'], 'called by its unit'],
  ])('%j', async (words, says) => {
    // Where this fails, nothing is to become of the machine.
    const safe = words[0]?.endsWith('install') ? [...words, '--dry-run'] : words;
    const { code, output, errors } = await runProgram(safe);
    expect(errors).toContain(says);
    expect({ code, output }).toEqual({ code: 64, output: '' });
  });
});

test.each([
  ['1234 docker.service stop waiting\n1235 docker-lifecycle-companion.service stop running', true],
  [' 12 docker.service restart waiting', true],
  ['12 docker.service start running', false],
  ['12 docker.service reload running', false],
  ['12 my-docker.service stop waiting', false],
  ['', false],
])('whether systemd is to stop Docker: %j', (jobs, is) => {
  expect(isToStop(jobs, 'docker.service')).toBe(is);
});

test.each([
  ['ActiveState=active\nJob=', 'running'],
  ['Job=0\nActiveState=deactivating', 'running'],
  ['ActiveState=activating', 'to-start'],
  ['Job=4711\nActiveState=inactive', 'to-start'],
  ['Job=0\nActiveState=inactive', 'stopped'],
  ['Job=\nActiveState=failed', 'stopped'],
  ['', 'stopped'],
])('a listener by its unit: %j', (properties, is) => {
  expect(listenerState(properties)).toBe(is);
});

test('findings are rows, with what mends them below', () => {
  const text = describeFindings([
    { check: 'node', verdict: 'ok', found: 'v24.0.0' },
    { check: 'on_stop/10-a', verdict: 'wrong', found: 'it is\nodd', cure: 'Mend it' },
  ]);
  expect(text).toBe(
    'ok     node          v24.0.0\nWRONG  on_stop/10-a  it is\\nodd\n                     Mend it\n',
  );
});
