import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadBusybox } from '../support/lab/images.ts';
import { recipe, unusedBlocks } from '../support/recipes.ts';
import { becomes, bootInstallStage, type InstallStage } from './install-stage.ts';

// Each recipe of docs/recipes.md, by its own code blocks, on one machine.

/** Returns the one such block. */
function block(heading: string, language: string): string {
  const [only, ...more] = recipe(heading, language);
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

test('routes and rules that need Docker’s bridge are there after each start, once', async () => {
  const { machine } = stage;
  await write(`${hooks}/on_start/10-network`, block("Routes and rules that need Docker's bridge", 'sh'));
  const rules = () => sh('iptables -w -S DOCKER-USER | grep -c -- "-d 192.0.2.1/32" || :');
  for (let round = 0; round < 2; round += 1) {
    await restartDocker();
    await until(async () => (await sh('ip route show dev docker0')).includes('198.51.100.0/24'));
    await until(async () => (await rules()).trim() !== '0');
  }
  await machine.run(['docker-lifecycle-listener', 'trigger', 'start', '--hook', '10-network']);
  expect((await rules()).trim()).toBe('1');
  await sh(`rm ${hooks}/on_start/10-network`);
});

test('a shim takes the host into a macvlan network', async () => {
  const { machine } = stage;
  await sh('ip link add eth0 type veth peer name cable; ip link set eth0 up; ip link set cable up');
  await write(`${hooks}/on_start/20-shim`, block('A macvlan shim', 'sh'));
  await machine.docker([
    ...['network', 'create', '--driver', 'macvlan', '--opt', 'parent=eth0'],
    ...['--subnet', '192.0.2.0/24', '--ip-range', '192.0.2.64/27', 'lan'],
  ]);
  await machine.docker(['run', '--detach', '--name', 'web', '--network', 'lan', 'busybox', 'httpd', '-f']);
  const address = await machine.docker([
    ...['inspect', '--format', '{{.NetworkSettings.Networks.lan.IPAddress}}', 'web'],
  ]);
  const reaches = async () =>
    (await machine.attempt(['busybox', 'wget', '-T', '2', '-O', '-', `http://${address.trim()}/`])).stderr;
  expect(await reaches()).not.toContain('404');
  await machine.run(['docker-lifecycle-listener', 'trigger', 'start', '--hook', '20-shim']);
  await until(async () => (await reaches()).includes('404'));
  await sh(`docker rm --force web; docker network rm lan; rm ${hooks}/on_start/20-shim; ip link del eth0`);
});

test('the host asks a resolver in a container while Docker is up', async () => {
  const [start = '', stop = ''] = recipe('A resolver in a container', 'sh');
  await write('/usr/local/bin/resolvectl', '#!/bin/sh\necho "$*" >>/var/lib/resolver\n');
  await write(`${hooks}/on_start/60-resolver`, start);
  await write(`${hooks}/on_stop/60-resolver`, stop);
  await restartDocker();
  await until(async () => (await lines('/var/lib/resolver')).length === 2);
  expect(await lines('/var/lib/resolver')).toEqual(['revert eth0', 'dns eth0 127.0.0.1']);
  await sh(`rm ${hooks}/on_start/60-resolver ${hooks}/on_stop/60-resolver`);
});

test('a database is dumped before Docker stops and at poweroff, and containers end in order', async () => {
  const heading = 'A database dump before Docker stops';
  const { machine } = stage;
  const [dump = '', order = ''] = recipe(heading, 'sh');
  await write('/etc/docker-lifecycle-listener.toml', block(heading, 'toml'), '644');
  await machine.systemctl('reload', 'docker-lifecycle-listener');
  await write(`${hooks}/on_stop/10-dump`, dump);
  await write(`${hooks}/on_stop/50-in-order`, order);
  await sh('mkdir -p /var/backups');
  for (const name of ['db', 'app']) {
    const words = [
      '--name',
      name,
      '--restart',
      'always',
      'busybox',
      'sh',
      '-c',
      'trap exit TERM; sleep 1000000 & wait',
    ];
    await machine.docker(['run', '--detach', ...words]);
  }
  await sh(
    `docker exec db sh -c 'printf "#!/bin/sh\nexec cat /data" >/bin/pg_dumpall; chmod 755 /bin/pg_dumpall; echo first >/data'`,
  );
  await machine.systemctl('stop', 'docker.service', 'docker.socket');
  expect(await lines('/var/backups/db.sql')).toEqual(['first']);
  await machine.forgetStarts();
  await machine.systemctl('start', 'docker.service', 'docker.socket');
  const ended = await machine.docker(['inspect', '--format', '{{.State.FinishedAt}}', 'app', 'db']);
  const [app = '', db = ''] = ended.trim().split('\n');
  expect(Date.parse(app)).toBeLessThan(Date.parse(db));
  await until(
    async () =>
      (await machine.attempt(['docker', 'exec', 'db', 'sh', '-c', 'echo second >/data'])).code === 0,
  );
  await machine.powerCycle();
  expect(await lines('/var/backups/db.sql')).toEqual(['second']);
});

test('each code block of the page was tried', () => {
  // test/hooks/recipes.test.ts runs these.
  expect(unusedBlocks(['healthchecks.io', 'Wake-on-LAN'])).toEqual([]);
});
