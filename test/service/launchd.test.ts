import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'plist';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { apply } from '../../src/service/apply.ts';
import {
  agentDomain,
  jobText,
  launchdCommands,
  launchdEnd,
  launchdFiles,
  launchdState,
  settledState,
  systemDomain,
} from '../../src/service/launchd.ts';
import { layOut } from '../../src/service/layout.ts';
import { thisMachine } from '../../src/service/machine.ts';

/**
 * Behaves as launchctl was seen to: a bootout of a job that takes its time to end fails with 36, a bootstrap until
 * that is over with 5, and one of a job that is loaded as well. Counts down how often a job is still ending.
 */
const launchctl = `#!/bin/sh
cd "$LAUNCHD" || exit 1
echo "$*" >>calls
case $1 in
print)
  [ -e loaded ] || { echo 'Bad request.' >&2; exit 113; }
  printf '%s = {\\n\\tactive count = 1\\n\\tstate = %s\\n\\n\\tendpoints = {\\n\\t\\tstate = active\\n\\t}\\n}\\n' "$2" "$(cat loaded)"
  [ "$(cat loaded)" = spawning ] && echo running >loaded
  exit 0 ;;
bootout)
  rm loaded
  [ ! -s ending ] || { echo 'Boot-out failed: 36: Operation now in progress' >&2; exit 36; } ;;
bootstrap)
  left=$(cat ending 2>/dev/null || echo 0)
  [ "$left" -eq 0 ] || { echo $((left - 1)) >ending; echo 'Bootstrap failed: 5: Input/output error' >&2; exit 5; }
  [ ! -e loaded ] || { echo 'Bootstrap failed: 5: Input/output error' >&2; exit 5; }
  echo spawning >loaded ;;
esac
`;

let folder: string;
const path = process.env.PATH;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'launchd-'));
  writeFileSync(join(folder, 'launchctl'), launchctl);
  chmodSync(join(folder, 'launchctl'), 0o755);
  process.env.PATH = `${folder}:${path}`;
  process.env.LAUNCHD = folder;
});
afterEach(() => {
  process.env.PATH = path;
  delete process.env.LAUNCHD;
  rmSync(folder, { recursive: true });
});

const machine = thisMachine();
const is = (name: string, content: string) => writeFileSync(join(folder, name), content);
const done = () =>
  readFileSync(join(folder, 'calls'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('print '));

test('a job that is not there is loaded, and then runs', async () => {
  expect(launchdState(machine)).toBeUndefined();
  await apply(launchdCommands(machine, ['/a']), () => {});
  expect(done()).toEqual([`bootstrap system ${systemDomain.job}`]);
  expect(await settledState(machine)).toBe('running');
});

test('one that runs is loaded anew where something has changed, however long it takes to end', async () => {
  is('loaded', 'running');
  is('ending', '2');
  expect(launchdCommands(machine, [])).toEqual([]);
  await apply(launchdCommands(machine, ['/a']), () => {});
  const again = `bootstrap system ${systemDomain.job}`;
  expect(done()).toEqual(['bootout system/docker-lifecycle-listener', again, again, again]);
  expect(await settledState(machine)).toBe('running');
});

test('one that does not come to run is reported as it is', async () => {
  is('loaded', 'waiting');
  expect(await settledState(machine, systemDomain, 300)).toBe('waiting');
  rmSync(join(folder, 'loaded'));
  expect(await settledState(machine, systemDomain, 300)).toBeUndefined();
});

test('at the end it is unloaded, once', async () => {
  is('loaded', 'running');
  await apply(launchdEnd(machine), () => {});
  expect(existsSync(join(folder, 'loaded'))).toBe(false);
  expect(launchdEnd(machine)).toEqual([]);
});

test('a user’s agent is in the user’s domain, with its files in the user’s Library', async () => {
  const agent = agentDomain(501, '/Users/ann');
  const service = { scriptDir: '/Users/ann/hooks', port: undefined, dockerUnit: '', stopWait: 0 };
  const layout = layOut('/Users/ann/.local', '1.0.0');
  const [file] = launchdFiles(layout, service, agent);
  expect(file?.path).toBe('/Users/ann/Library/LaunchAgents/docker-lifecycle-listener.plist');
  const log = '/Users/ann/Library/Logs/docker-lifecycle-listener.log';
  expect(parse(jobText(layout, service, agent))).toMatchObject({
    ProgramArguments: expect.arrayContaining(['/Users/ann/hooks', '--log-file', log]),
    StandardErrorPath: log,
  });
  await apply(launchdCommands(machine, ['/a'], agent), () => {});
  expect(done()).toEqual([`bootstrap gui/501 ${agent.job}`]);
  expect(await settledState(machine, agent)).toBe('running');
});
