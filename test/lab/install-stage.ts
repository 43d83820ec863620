import { execFileSync } from 'node:child_process';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { EngineVersion } from '../support/lab/folder.ts';
import { bootMachine, type Machine } from '../support/lab/machine.ts';
import { room } from '../support/wait-for.ts';

/** A user's own folder, with a Node of a version manager's and our package installed by npm. */
const home = '/home/user';
const usersNode = `${home}/.nvm/node`;
const usersBundle = `${home}/node_modules/docker-lifecycle-listener/dist/docker-lifecycle-listener.js`;

/** As a shell takes it. */
export const usersProgram = `${usersNode} ${usersBundle}`;

/** Text of a hook that says whether the engine answers, takes its time, and says it again. */
export const lastWords =
  'docker ps >/dev/null 2>&1; echo "ps $?" >>/var/lib/runs; sleep 2; docker ps >/dev/null 2>&1; echo "ps $?" >>/var/lib/runs';

/** A machine into which a user has got our package, and can install it from. */
export interface InstallStage {
  readonly machine: Machine;
  /** Runs the user's program in the machine as root; gives its output. */
  program(...words: string[]): Promise<string>;
  /** Installs, with hooks that count their runs; or again. */
  install(...words: string[]): Promise<string>;
  /** Writes a hook, in the installed service's folder; `text` after a line that counts the run. */
  hook(name: string, text?: string): Promise<void>;
  /** What hooks have said, a line each, over all boots. */
  runs(): Promise<string[]>;
  /** Waits until they have said so many lines. */
  ran(count: number): Promise<string[]>;
  /** The transitions in the journal on the disk, each as `stop shutdown`. */
  told(): Promise<string[]>;
  /** Waits until there are so many of them. */
  toldSoFar(count: number): Promise<string[]>;
  clear(): Promise<void>;
}

export async function bootInstallStage(version: EngineVersion): Promise<InstallStage> {
  const machine = await bootMachine({ version, socketActivation: true });
  const sh = (script: string, ...words: string[]) => machine.run(['sh', '-euc', script, 'sh', ...words]);
  const program = (...words: string[]) => machine.run([usersNode, usersBundle, ...words]);
  await sh(
    `useradd --create-home --uid 1000 user
     mkdir -p ${home}/node_modules/docker-lifecycle-listener ${home}/.nvm
     cp "$1" ${usersNode}
     chown -R user: ${home}`,
    machine.node,
  );
  const untar = [
    'tar',
    '-xz',
    '--strip-components=1',
    '-C',
    `${home}/node_modules/docker-lifecycle-listener`,
  ];
  const folder = mkdtempSync(join(tmpdir(), 'dll-pack-'));
  try {
    await machine.run(
      ['setpriv', '--reuid=1000', '--regid=1000', '--clear-groups', ...untar],
      createReadStream(pack(folder)),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }

  const stage: InstallStage = {
    machine,
    program,
    async install(...words) {
      const output = await program('install', '--yes', ...words);
      for (const event of ['on_start', 'on_stop']) await stage.hook(`${event}/10-a`);
      return output;
    },
    async hook(name, text = '') {
      const path = `/etc/docker-lifecycle-listener.d/${name}`;
      const counting = `#!/bin/sh\necho "$0 $DOCKER_LIFECYCLE_REASON\${DOCKER_LIFECYCLE_POSSIBLE_REPEAT:+ again}" >>/var/lib/runs\n${text}\n`;
      await sh('mkdir -p "$(dirname "$1")"; printf %s "$2" >"$1"; chmod 755 "$1"', path, counting);
    },
    async runs() {
      const { stdout } = await machine.attempt(['cat', '/var/lib/runs']);
      return stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => line.replace('/etc/docker-lifecycle-listener.d/', ''));
    },
    ran: (count) => atLeast(count, stage.runs),
    toldSoFar: (count) => atLeast(count, stage.told),
    async told() {
      const { stdout } = await machine.attempt([
        'sh',
        '-c',
        'cat /var/lib/docker-lifecycle-listener/journal/*',
      ]);
      return stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as { kind: string; transition?: { event: string; reason: string } })
        .flatMap(({ kind, transition }) =>
          kind === 'transition' && transition ? [`${transition.event} ${transition.reason}`] : [],
        );
    },
    clear: () => machine.clear(),
  };
  return stage;
}

/** Asks until there are so many, or far longer than a loaded machine needs; the test sees what there was. */
async function atLeast(count: number, ask: () => Promise<string[]>): Promise<string[]> {
  const deadline = Date.now() + room(60_000);
  for (;;) {
    const found = await ask();
    if (found.length >= count || Date.now() > deadline) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Packs the package as it is published. */
function pack(folder: string): string {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const environment = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
  const name = execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
    env: Object.fromEntries(environment),
  });
  return join(folder, basename(name.trim().split('\n').at(-1) ?? ''));
}

/** Every file, folder and link of the machine that is not what systems write at all times, with mode and owner. */
export async function listing(machine: Machine): Promise<string[]> {
  const find = `find / -xdev \\( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /var/log \\
    -o -path /home -o -path /var/lib/docker -o -path /var/lib/containerd -o -path /var/lib/systemd -o -path /dev \\
    -o -path /var/lib/runs \\) -prune -o -printf '%p %M %u:%g %l\\n'; systemctl list-unit-files --no-legend --no-pager`;
  return (await machine.run(['sh', '-c', find])).split('\n').sort();
}

/** The files that a unit's processes execute or have mapped as code, links resolved. */
export async function executedBy(machine: Machine, unit: string): Promise<string[]> {
  const script = `for pid in $(cat "/sys/fs/cgroup$(systemctl show --property=ControlGroup --value "$1")/cgroup.procs")
    do awk '$2 ~ /x/ && $6 ~ /^\\// { print $6 }' "/proc/$pid/maps"; done | sort -u`;
  return (await machine.run(['sh', '-c', script, 'sh', unit])).split('\n');
}

/** Waits until a unit is in a state. */
export async function becomes(machine: Machine, unit: string, state: string): Promise<void> {
  let found = '';
  const deadline = Date.now() + room(60_000);
  while (found !== state && Date.now() < deadline) {
    found = await machine.stateOf(unit);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(`${unit}: ${found}`).toBe(`${unit}: ${state}`);
}
