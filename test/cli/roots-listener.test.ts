import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { needing } from '../support/needs.ts';
import { asNobody } from '../support/program.ts';
import { createStage, program, type Stage } from '../support/stage.ts';

/** What a user sees who asks while a listener runs that is root's: in namespaces with a /run and a /var/lib of their own. */

let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
  stage.hook('on_start/10-a');
  chmodSync(stage.folder, 0o755);
  mkdirSync(join(stage.folder, 'home'));
  chmodSync(join(stage.folder, 'home'), 0o777);
});
afterEach(() => stage.clear());

interface Asked {
  readonly code: number;
  readonly text: string;
}

/** Runs each line as nobody while root's listener runs, or does not, and gives what came of it. */
function askAsNobody(listener: 'runs' | 'ended', ...lines: readonly string[]): Asked[] {
  return askAs(asNobody, '', listener, ...lines);
}

/** The user nobody in the group daemon, which is there on every Linux. */
const asReader = ['setpriv', '--reuid', '65534', '--regid', '65534', '--groups', '1'] as const;

/** @param settings of the listener, as lines of a settings file */
function askAs(
  user: readonly string[],
  settings: string,
  listener: 'runs' | 'ended',
  ...lines: readonly string[]
): Asked[] {
  const file = join(stage.folder, 'settings.toml');
  writeFileSync(file, settings, { mode: 0o600 });
  const script = join(stage.folder, 'ask.sh');
  const ours = `"${process.execPath}" "${program}"`;
  const socket = '/run/docker-lifecycle-listener/control.sock';
  const start = `${ours} "${stage.hooks}" --config "${file}" --no-notifier --host "unix://${stage.socket}" --pidfile "${stage.folder}/pid" >"${stage.folder}/log" 2>&1 &`;
  writeFileSync(
    script,
    `#!/bin/sh
# The stage itself may be below /run.
mount -t tmpfs -o mode=755 none /mnt && mkdir /mnt/stage && mount --bind "${stage.folder}" /mnt/stage || exit 1
mount -t tmpfs -o mode=755 none /run && mount -t tmpfs -o mode=755 none /var/lib || exit 1
mkdir -p "${stage.folder}" && mount --bind /mnt/stage "${stage.folder}" || exit 1
${start}
listener=$!
until [ -S ${socket} ]${settings === '' ? '' : ` && [ -S ${socket.replace('.sock', '-read.sock')} ]`}; do kill -0 $listener || exit 2; sleep 0.1; done
${listener === 'runs' ? '' : 'kill $listener; wait $listener'}
export HOME="${stage.folder}/home"
unset XDG_RUNTIME_DIR XDG_STATE_HOME
for line in "$@"; do
  ${user.join(' ')} sh -c "${ours.replaceAll('"', '\\"')} $line" 2>&1
  printf '\\0%s\\0' $?
done
${listener === 'runs' ? 'kill $listener; wait $listener' : ''}
true
`,
  );
  const words = ['--mount', '--net', '--propagation', 'private', 'sh', script, ...lines];
  const { stdout, stderr, status } = spawnSync('unshare', words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`exit code ${status}: ${stdout}${stderr}`);
  const parts = stdout.split('\0');
  return lines.map((_, index) => ({
    text: parts[2 * index] ?? '',
    code: Number(parts[2 * index + 1]),
  }));
}

const asking = [
  'status',
  'status --json',
  'history',
  'history --html -',
  'history --follow',
  'hooks',
  'hooks disable 10-a',
  'trigger start',
  'events',
  'status --web',
];

describe('a user who is not root asks', { timeout: 300_000 }, () => {
  test(
    'while root’s listener runs: each command says whose it is, and to use sudo',
    needing('root', 'linux'),
    () => {
      const answers = askAsNobody('runs', ...asking);
      for (const [index, { code, text }] of answers.entries()) {
        expect({ line: asking[index], code, text }).toMatchObject({
          code: 77,
          text: expect.stringContaining('runs as root'),
        });
        expect(text).toContain('sudo');
        expect(text).not.toContain('not running');
      }
    },
  );

  test(
    'while no listener runs: it is not running, whatever root’s left behind',
    needing('root', 'linux'),
    () => {
      const [status, hooks] = askAsNobody('ended', 'status', `hooks ${'--config none'}`);
      expect(status).toMatchObject({ code: 4, text: expect.stringContaining('The listener is not running') });
      expect(hooks?.text).toContain('No listener runs');
    },
  );

  test('for a socket that is named: that one is meant', needing('root', 'linux'), () => {
    const [status] = askAsNobody('runs', `status --control ${stage.folder}/other.sock`);
    expect(status).toMatchObject({ code: 4, text: expect.stringContaining('The listener is not running') });
  });

  test('in the group of the readers: is answered, and changes nothing', needing('root', 'linux'), () => {
    const asking = ['status --json', 'history', 'hooks', 'wait start --timeout 100ms', 'history --html -'];
    const changing = ['trigger start', 'status --web', 'hooks disable 10-a'];
    const answers = askAs(asReader, 'readers = "daemon"', 'runs', ...asking, ...changing);
    const [status, history, hooks, wait, html, ...refused] = answers;
    expect(status).toMatchObject({ code: 3, text: expect.stringContaining('"state":"down"') });
    expect(history).toMatchObject({ code: 0, text: expect.not.stringContaining('sudo') });
    expect(hooks).toMatchObject({ code: 0, text: expect.stringContaining('10-a') });
    expect(wait).toMatchObject({ code: 1, text: expect.stringContaining('not up') });
    expect(html).toMatchObject({ code: 0, text: expect.stringContaining('<html') });
    for (const { code, text } of refused) {
      expect({ code, text }).toMatchObject({ code: 77, text: expect.stringContaining('sudo') });
    }
  });

  test(
    'beside a group of readers that he is not in: is sent to sudo, or into the group',
    needing('root', 'linux'),
    () => {
      for (const { code, text } of askAs(
        asNobody,
        'readers = "daemon"',
        'runs',
        'status',
        'history',
        'hooks',
        'events',
      )) {
        expect({ code, text }).toMatchObject({ code: 77, text: expect.stringContaining('runs as root') });
        expect(text).toContain('with sudo');
        expect(text).toContain('group daemon');
      }
    },
  );
});
