import { afterAll, beforeAll, expect, test } from 'vitest';
import { becomes, bootInstallStage, type InstallStage } from './install-stage.ts';

/** The service and systemd's journal on a whole machine. */

const name = 'docker-lifecycle-listener';
const settings = `/etc/${name}.toml`;
let stage: InstallStage;
beforeAll(async () => {
  stage = await bootInstallStage('26.1');
  await becomes(stage.machine, 'docker.service', 'active');
  await stage.install();
  await stage.toldSoFar(1);
});
afterAll(() => stage?.clear());

const write = (path: string, text: string) =>
  stage.machine.run(['sh', '-euc', 'printf %s "$2" >"$1"', 'sh', path, text]);
/** The lines of this boot, as the journal has their text. */
const journal = async (...words: string[]) => {
  const all = ['journalctl', '--boot', '--quiet', '--output=cat', `--identifier=${name}`, ...words];
  return (await stage.machine.run(all)).split('\n').filter(Boolean);
};
/** Asks until it is so; the test's own limit ends it. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 200));
}

test('errors are found by the identifier and the priority, and a line has one time', async () => {
  const { machine } = stage;
  await stage.hook('on_start/10-a', 'echo output; exit 3');
  await stage.hook('on_start/20-b');
  await machine.run(['chown', '1000', '/etc/docker-lifecycle-listener.d/on_start/20-b']);
  await machine.attempt([name, 'trigger', 'start']);
  await until(async () => (await journal()).some((line) => line.includes('on_start done')));
  expect(await journal('--priority=err')).toEqual([
    expect.stringMatching(/^ERROR on_start\/10-a failed with exit code 3/),
    expect.stringMatching(/^ERROR Skipping on_start\/20-b/),
  ]);
  const warnings = await journal('--priority=warning');
  expect(warnings.map((line) => line.split(' ')[0])).toContain('WARNING');
  expect(await journal('--priority=info..info')).toContain('on_start/10-a: output');
  expect((await journal()).filter((line) => /\d{4}-\d\d-\d\dT/.test(line))).toEqual([]);
  expect(await machine.run([name, 'logs'])).toMatch(/^\d{4}-\d\d-\d\dT\S+ \S+\[\d+\]: ERROR Skipping/m);
});

test('systemctl reload applies what it can, and a broken file changes nothing', async () => {
  const { machine } = stage;
  const pid = () => machine.systemctl('show', '--property=MainPID,NRestarts', name);
  const before = await pid();
  // What install wrote has every setting, and sets none.
  expect(await machine.run([name, 'config', 'check', '/etc/docker-lifecycle-listener.d'])).not.toContain(
    `${settings}, line`,
  );
  expect(await machine.run(['cat', settings])).toContain('#grace = "10s"');
  await write(settings, 'grace = "5s"\nheartbeat = "20s"\n');
  await machine.systemctl('reload', name);
  expect((await journal()).at(-1)).toMatch(/^WARNING .*: grace from the next .* For heartbeat/);
  await write(settings, 'grace = 5 s\n');
  expect((await machine.attempt(['systemctl', 'reload', name])).code).not.toBe(0);
  expect((await journal('--priority=err')).join('\n')).toContain('The settings stay as they were');
  expect(await pid()).toBe(before);
  expect(await machine.stateOf(`${name}.service`)).toBe('active');
  await machine.run(['rm', settings]);
});

test('at boot one line says how Docker is, before its start', async () => {
  const { machine } = stage;
  await machine.systemctl('disable', 'docker.service', 'docker.socket');
  await machine.reboot();
  await until(async () => (await journal()).some((line) => line.includes('waiting for it')));
  const about = (await journal()).filter((line) => /Docker (at|is|has)/.test(line));
  expect(about).toEqual(['Docker is not running at unix:///var/run/docker.sock: waiting for it']);
});
