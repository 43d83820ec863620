import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadBusybox } from '../support/lab/images.ts';
import { becomes, bootInstallStage, type InstallStage } from './install-stage.ts';

// Each recipe of docs/recipes.md, by its own code blocks, on one machine.

const page = readFileSync(fileURLToPath(new URL('../../docs/recipes.md', import.meta.url)), 'utf8');
const used = new Set<string>();

/** Returns the code blocks of a language in the section with this heading. */
function blocks(heading: string, language: string): string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`docs/recipes.md has no section “${heading}”`);
  const found = [...section.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter(([, name]) => name === language);
  for (const [whole] of found) used.add(whole);
  return found.map(([, , text = '']) => text);
}

/** Returns the one such block. */
function block(heading: string, language: string): string {
  const [only, ...more] = blocks(heading, language);
  if (only === undefined || more.length > 0) throw new Error(`“${heading}” has not one block of ${language}`);
  return only;
}

let stage: InstallStage;
beforeAll(async () => {
  stage = await bootInstallStage('26.1');
  await becomes(stage.machine, 'docker.service', 'active');
  await loadBusybox(stage.machine);
  await stage.install();
  await stage.toldSoFar(1);
});
afterAll(() => stage?.clear());

const sh = (script: string, ...words: string[]) => stage.machine.run(['sh', '-euc', script, 'sh', ...words]);
const write = (path: string, text: string, mode = '755') =>
  sh('mkdir -p "$(dirname "$1")"; printf %s "$2" >"$1"; chmod "$3" "$1"', path, text, mode);
const hooks = '/etc/docker-lifecycle-listener.d';
const lines = async (path: string) => {
  const { stdout } = await stage.machine.attempt(['cat', path]);
  return stdout.split('\n').filter(Boolean);
};
/** Asks until it is so; a test's own limit ends it. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 200));
}

/** Counts the processes whose command line begins so: the machine has no pgrep. */
async function processes(words: string): Promise<number> {
  const all = await sh(
    'for file in /proc/[0-9]*/cmdline; do tr "\\0" " " <"$file" || :; echo; done 2>/dev/null',
  );
  return all.split('\n').filter((line) => line.startsWith(words)).length;
}

// The tests start Docker more often than systemd's limit allows.
async function restartDocker(): Promise<void> {
  await stage.machine.forgetStarts();
  await stage.machine.systemctl('restart', 'docker.service');
}

test('what containers need first is ordered before Docker, by systemctl edit', async () => {
  const heading = 'Rules, mounts or a VPN that containers need from their first moment';
  expect(block(heading, 'console')).toBe('# systemctl edit docker\n');
  const { machine } = stage;
  await write(
    '/etc/systemd/system/mnt-data.mount',
    '[Mount]\nWhat=tmpfs\nWhere=/mnt/data\nType=tmpfs\n',
    '644',
  );
  const tunnel =
    '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=sleep 2\n[Install]\nWantedBy=multi-user.target\n';
  await write('/etc/systemd/system/wg-quick@.service', tunnel, '644');
  const found =
    'mountpoint -q /mnt/data && systemctl is-active wg-quick@wg0 && ! grep -qx dockerd /proc/[0-9]*/comm';
  await write(
    '/usr/local/sbin/rules-for-docker',
    `#!/bin/sh\n{ ${found} && echo first; } >>/var/lib/rules\n[ ! -e /var/lib/refuse ]\n`,
  );
  // An editor that writes the block, on a terminal: without one, systemctl refuses to edit.
  await write(
    '/usr/local/bin/editor-of-recipe',
    '#!/bin/sh\nfor file; do :; done\ncat /var/lib/recipe >"$file"\n',
  );
  await write('/var/lib/recipe', block(heading, 'ini'), '644');
  await sh(
    'script --quiet --return --command "SYSTEMD_EDITOR=editor-of-recipe systemctl edit docker" /dev/null',
  );
  await machine.systemctl('enable', 'wg-quick@wg0.service');
  await machine.reboot();
  await becomes(machine, 'docker.service', 'active');
  expect((await lines('/var/lib/rules')).at(-1)).toBe('first');
  await machine.systemctl('stop', 'docker.service', 'docker.socket');
  await write('/var/lib/refuse', '');
  expect((await machine.attempt(['systemctl', 'start', 'docker.service'])).code).not.toBe(0);
  expect(await machine.stateOf('docker.service')).not.toBe('active');
  await sh('rm /var/lib/refuse; rm -r /etc/systemd/system/docker.service.d; systemctl daemon-reload');
  await machine.forgetStarts();
  await machine.systemctl('start', 'docker.service', 'docker.socket');
});

test('a container that on_stop stopped runs again after the hook of on_start', async () => {
  const { machine } = stage;
  await machine.docker([
    'run',
    '--detach',
    '--name',
    'db',
    '--restart',
    'unless-stopped',
    'busybox',
    'sleep',
    '1000000',
  ]);
  await write(`${hooks}/on_stop/50-db`, '#!/bin/sh\ndocker stop --time 0 db\n');
  const isRunning = () => machine.docker(['inspect', '--format', '{{.State.Running}}', 'db']);
  const toldBefore = (await stage.told()).length;
  await restartDocker();
  await stage.toldSoFar(toldBefore + 2);
  expect(await isRunning()).toBe('false');
  await write(`${hooks}/on_start/50-db`, block('`docker stop` in `on_stop`', 'sh'));
  await write(`${hooks}/on_start/60-after`, '#!/bin/sh\necho started >>/var/lib/started\n');
  await restartDocker();
  await becomes(machine, 'docker.service', 'active');
  await until(async () => (await lines('/var/lib/started')).length > 0);
  expect(await isRunning()).toBe('true');
  await sh(
    `rm ${hooks}/on_stop/50-db ${hooks}/on_start/50-db ${hooks}/on_start/60-after; docker rm --force db`,
  );
});

test('one hook of a start runs on request, after a resume, and while Docker is down', async () => {
  const heading = 'The hooks of a start when Docker has not started';
  const { machine } = stage;
  const runs = () => lines('/var/lib/firewall');
  await write(
    `${hooks}/on_start/10-firewall`,
    '#!/bin/sh\necho "$DOCKER_LIFECYCLE_REASON" >>/var/lib/firewall\n',
  );
  await sh(block(heading, 'sh').replace(/^sudo /, ''));
  expect(await runs()).toEqual(['requested']);
  await write('/etc/systemd/system/docker-hooks-again.service', block(heading, 'ini'), '644');
  // The machine itself must not sleep.
  await write(
    '/etc/systemd/system/systemd-suspend.service',
    '[Service]\nType=oneshot\nExecStart=true\n',
    '644',
  );
  await sh('systemctl daemon-reload; systemctl enable docker-hooks-again');
  for (const round of [2, 3]) {
    await machine.systemctl('start', 'suspend.target');
    await until(async () => (await runs()).length >= round);
  }
  await machine.systemctl('stop', 'docker.service', 'docker.socket');
  await machine.systemctl('start', 'docker-hooks-again.service');
  expect(await machine.stateOf('docker.service')).toBe('inactive');
  expect(await runs()).toEqual(['requested', 'requested', 'requested', 'requested']);
  await machine.forgetStarts();
  await machine.systemctl('start', 'docker.service', 'docker.socket');
  await sh(`rm ${hooks}/on_start/10-firewall`);
});

test('a program in while_running/ runs as long as Docker does', async () => {
  const { machine } = stage;
  await write(`${hooks}/while_running/10-events`, block('A program in `while_running/`', 'sh'));
  const running = () => processes('docker events');
  await restartDocker();
  await until(async () => (await running()) === 1);
  const status = await machine.run(['docker-lifecycle-listener', 'status']);
  expect(status).toContain('while_running/10-events');
  await machine.systemctl('stop', 'docker.service', 'docker.socket');
  expect(await running()).toBe(0);
  await machine.forgetStarts();
  await machine.systemctl('start', 'docker.service', 'docker.socket');
  await sh(`rm ${hooks}/while_running/10-events`);
});

test('a hook that is a link knows its folder and its name', async () => {
  await write('/opt/scripts/run', block('`$0` of a hook that is a link', 'sh'));
  await write('/opt/scripts/common.sh', 'echo "common of $here"\n', '644');
  await sh(`ln -s /opt/scripts/run ${hooks}/on_start/70-link`);
  const output = await stage.machine.run([
    'docker-lifecycle-listener',
    'trigger',
    'start',
    '--hook',
    '70-link',
  ]);
  expect(output).toContain('common of /opt/scripts');
  expect(output).toContain('70-link for start');
  await sh(`rm ${hooks}/on_start/70-link`);
});

test('what a hook leaves in the background outlives Docker’s stop', async () => {
  const { machine } = stage;
  await write(`${hooks}/on_start/80-left`, '#!/bin/sh\nsleep 4711 >/dev/null 2>&1 &\n');
  await machine.run(['docker-lifecycle-listener', 'trigger', 'start', '--hook', '80-left']);
  await machine.systemctl('stop', 'docker.service', 'docker.socket');
  expect(await processes('sleep 4711')).toBe(1);
  await sh(`rm ${hooks}/on_start/80-left`);
});

test('each code block of the page was tried', () => {
  const all = [...page.matchAll(/^```\w+\n.*?^```$/gms)].map(([whole]) => whole);
  expect(all.filter((one) => !used.has(one))).toEqual([]);
});
