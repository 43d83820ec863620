import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { needing } from '../support/needs.ts';
import { makePrivateFolder } from '../support/private-folder.ts';
import { asNobody, type Ended, runProgram, startProgram } from '../support/program.ts';
import { program } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';

/** A home for the user who runs the demo, so that what it leaves behind is its own. */
let home: string;
/** A copy of what is shipped, where a user may have cloned it. */
let clone: string;
beforeEach(() => {
  home = makePrivateFolder('dll-test-', process.geteuid?.() ?? 0, process.env);
  chmodSync(home, 0o755);
  clone = mkdtempSync(join(tmpdir(), 'dll-test-'));
  chmodSync(clone, 0o755);
  const checkout = dirname(dirname(program));
  for (const part of ['dist', 'examples', 'package.json']) {
    cpSync(join(checkout, part), join(clone, part), { recursive: true });
  }
});
afterEach(() => {
  for (const folder of [home, clone]) rmSync(folder, { recursive: true, force: true });
});

const bundle = () => join(clone, 'dist', 'docker-lifecycle-listener.js');

/** Folders that some demo has made; others may run at the same time. */
const demoFolders = () =>
  ['/run', '/var/root', homedir(), home, process.env.XDG_RUNTIME_DIR ?? '', clone]
    .flatMap((folder) => listing(folder))
    .filter((path) => path.includes('/dll-demo-'));

let foldersBefore: string[];
beforeEach(() => {
  foldersBefore = demoFolders();
});

async function expectNothingLeft(): Promise<void> {
  const { stdout } = spawnSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' });
  expect(stdout.split('\n').filter((line) => line.includes(clone))).toEqual([]);
  await waitFor(() => demoFolders().every((folder) => foldersBefore.includes(folder)));
}

function listing(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function expectWhole({ code, output, errors }: Ended): void {
  expect(errors).toBe('');
  const shows = [
    /▸ The listener starts\. .*is not running/,
    /Docker is not running at unix:\/\/engine\.sock: waiting for it/,
    /▸ Docker starts\./,
    /Docker has started \(pid \d+\)/,
    /on_start\/10-greet: Docker is up: engine-started, transition 1/,
    /ERROR Skipping on_start\/90-unsafe: .* is writable by group \d+ \(mode 0775\)\. Run: chmod g-w \S+90-unsafe/,
    /A notifier says start: Docker is known to be up, nothing to do/,
    /A notifier says stop: asking Docker, which decides/,
    /▸ Docker stops\.\n.*Docker is stopping/,
    /on_stop\/10-farewell: Docker is stopping/,
    /Docker has crashed or was killed/,
    /▸ SIGTERM ends the listener\.\n.*SIGTERM received: ending\n.*Ended/,
    /4 transitions: start, stop, start, stop\. 4 rounds of hooks, 2 refusals, 2 messages that changed nothing, exit code 0/,
    /As it should be\.\n$/,
  ];
  // In this order: each is looked for behind the one before.
  let rest = output;
  for (const pattern of shows) {
    const found = pattern.exec(rest);
    expect(found, `${pattern} in what follows:\n${rest}`).not.toBeNull();
    rest = rest.slice((found?.index ?? 0) + 1);
  }
  expect(output).not.toContain('This must never run');
  expect(code).toBe(0);
}

describe('shows start, stop, crash, messages that change nothing and a refusal, and leaves nothing behind', () => {
  test('from a clone in a folder that everybody may write', async () => {
    const ended = await runProgram(['demo'], { bundle: bundle(), folder: clone });
    expectWhole(ended);
    await expectNothingLeft();
  });

  test('as a user other than root', needing('root'), async () => {
    const own = join(home, 'nobody');
    mkdirSync(own);
    chownSync(own, 65_534, 65_534);
    const environment = { PATH: process.env.PATH, HOME: own };
    const ended = await runProgram(['demo'], { bundle: bundle(), under: asNobody, environment, folder: '/' });
    expectWhole(ended);
    await expectNothingLeft();
    expect(readdirSync(own)).toEqual([]);
  });

  test('whatever the environment and the umask', async () => {
    const environment = {
      PATH: process.env.PATH,
      HOME: home,
      DOCKER_HOST: 'tcp://example.invalid:1',
      TZ: 'Asia/Tokyo',
    };
    const under = ['sh', '-c', 'umask 000; exec "$@"', 'sh'];
    expectWhole(await runProgram(['demo'], { bundle: bundle(), under, environment }));
    await expectNothingLeft();
  });
});

test(
  'a user without any folder that others cannot write gets a message with the fix',
  needing('root'),
  async () => {
    const environment = { PATH: process.env.PATH, HOME: '/tmp' };
    const ended = await runProgram(['demo'], {
      bundle: bundle(),
      under: asNobody,
      environment,
      folder: clone,
    });
    expect(ended).toMatchObject({ code: 77, output: '' });
    expect(ended.errors).toMatch(
      /Found no folder for hooks that you alone can write; tried \/tmp, .*\n {2}Make your home/,
    );
    await expectNothingLeft();
  },
);

describe('interrupted', () => {
  const moments = [/▸ The listener starts/, /▸ Docker starts\./, /Docker has started/, /▸ Docker stops\./];

  test.each([
    ['SIGINT', moments],
    ['SIGTERM', moments.slice(-1)],
    ['SIGHUP', moments.slice(-1)],
  ] as const)('by %s it cleans up', async (signal, when) => {
    for (const moment of when) {
      const demo = startProgram(['demo'], { bundle: bundle() });
      await demo.said(moment);
      demo.child.kill(signal);
      const { code, output, errors } = await demo.over;
      expect({ code, errors }).toEqual({ code: 1, errors: '' });
      expect(output).toMatch(/\nInterrupted: clearing away\n/);
      expect(output.slice(output.indexOf('Interrupted'))).not.toContain('▸');
      await expectNothingLeft();
    }
  });

  test('from a terminal, which signals the whole process group, too', async () => {
    for (const moment of moments) {
      const demo = startProgram(['demo'], { bundle: bundle(), detached: true });
      await demo.said(moment);
      process.kill(-demo.pid, 'SIGINT');
      expect(await demo.over).toMatchObject({ code: 1, errors: '' });
      await expectNothingLeft();
    }
  });

  test('when no process reads it any more, as with head, too', async () => {
    const demo = startProgram(['demo'], { bundle: bundle() });
    await demo.said(/▸ Docker starts\./);
    demo.child.stdout?.destroy();
    expect(await demo.over).toMatchObject({ code: 1, errors: '' });
    await expectNothingLeft();
  });
});
