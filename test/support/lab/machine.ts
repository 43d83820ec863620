import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { WatchedListener } from '../../../src/demo/listener.ts';
import { program } from '../stage.ts';
import { room, waitFor } from '../wait-for.ts';
import { attempt, type CommandResult, run } from './command.ts';
import { type EngineVersion, rootOf } from './folder.ts';
import { type Init, inits } from './init.ts';
import { launchListener } from './listener.ts';
import { clearPlace, makePlace } from './place.ts';

export interface MachineOptions {
  readonly version: EngineVersion;
  /**
   * Docker as Debian ships it: systemd holds the socket, and a connection to it starts Docker. Without, the
   * engine makes its own socket.
   */
  readonly socketActivation: boolean;
  /** Folders of the host that are the same folder, at the same path, in the machine. */
  readonly share?: readonly string[];
  /** The first process; systemd by default. OpenRC and sysvinit are in the root of 28.5 alone. */
  readonly init?: keyof typeof inits;
  /** Shell commands that change its root before it boots for the first time. */
  readonly change?: string;
}

/** A whole Debian machine with an init system of its own as its first process, an engine, and a network of its own. */
export interface Machine {
  readonly version: EngineVersion;
  readonly folder: string;
  /** Where Docker's socket and pid file are in every machine. */
  readonly socket: '/run/docker.sock';
  readonly pidfile: '/run/docker.pid';
  /** Words in front of a command of the host's that make it run in the machine's network. */
  readonly besides: readonly string[];
  /** Words in front of a command of the machine's that make it run in there, on the terminal they are typed at. */
  readonly within: readonly string[];
  /** Where Node and the program are in the machine: its own copy of what runs these tests. */
  readonly node: string;
  readonly program: string;
  /** Runs a command in the machine and gives its output. @throws Error when it fails */
  run(words: readonly string[], input?: Readable): Promise<string>;
  /** Runs a command in the machine, whatever its exit code. */
  attempt(words: readonly string[]): Promise<CommandResult>;
  systemctl(...words: string[]): Promise<string>;
  docker(words: readonly string[], input?: Readable): Promise<string>;
  /** The state of a unit, as `active` or `inactive`. */
  stateOf(unit: string): Promise<string>;
  /** Has systemd forget how often Docker was started: after three times in 60 s it would give up on it. */
  forgetStarts(): Promise<unknown>;
  /**
   * Starts the listener in the machine, in the foreground, with these arguments and a JSON log.
   * @param as words that make the command behind them run as another user than root
   */
  launch(words: readonly string[], as?: readonly string[]): WatchedListener;
  /** Has it boot again; what was written stays. */
  reboot(): Promise<void>;
  /** Has it power itself off, and starts it again. */
  powerCycle(): Promise<void>;
  /** Ends it and removes it. */
  clear(): Promise<void>;
}

/** Where the program is in the machine. */
const programFolder = '/opt/docker-lifecycle-listener';

/** Like Debian's docker.service, but the engine makes its own socket and needs no docker.socket. */
const withoutActivation = `
sed -e 's,-H fd://,-H unix:///run/docker.sock,' -e '/^Requires=docker.socket/d' \\
  -e 's/^\\(After=.*\\) docker.socket/\\1/' /usr/lib/systemd/system/docker.service >/etc/systemd/system/docker.service
ln -s /dev/null /etc/systemd/system/docker.socket
`;

/**
 * Its root is overlaid in a mount namespace of its own, and what systemd-nspawn keeps in /run/systemd stays in
 * there too. Its groups are its own: two machines in one group would end each other's services. It sees control
 * groups of version 2 alone, as machines of today do, whatever the host has.
 */
const boot = `
set -eu
root=$1 folder=$2 change=$3
shift 3
for group; do
  shift
  [ "$group" = -- ] && break
  echo $$ >"$group/cgroup.procs"
done
mkdir -p "$folder/upper" "$folder/work" "$folder/root"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
mount -t tmpfs tmpfs /run/systemd
[ -z "$change" ] || chroot "$folder/root" sh -euc "$change"
exec systemd-nspawn --directory="$folder/root" "$@"
`;

export async function bootMachine(options: MachineOptions): Promise<Machine> {
  const { version, socketActivation, share = [], init: initName = 'systemd', change: more = '' } = options;
  const init = inits[initName];
  const place = makePlace();
  const { folder, groups, name } = place;
  const node = realpathSync(process.execPath);
  // Docker's own overlay cannot lie on another overlay: give it a plain folder.
  const plain = ['docker', 'containerd'].map((part) => ({
    host: join(folder, part),
    inside: `/var/lib/${part}`,
  }));
  for (const { host } of plain) mkdirSync(host);
  mkdirSync(join(folder, 'program'));
  const flags = [
    ...['--boot', '--register=no', '--keep-unit', '--console=pipe', `--machine=${name}`, '--private-network'],
    ...['--capability=all', '--system-call-filter=add_key keyctl bpf', '--resolv-conf=off', '--timezone=off'],
    ...plain.map(({ host, inside }) => `--bind=${host}:${inside}`),
    ...share.map((path) => `--bind=${path}`),
    `--bind-ro=${node}`,
    `--bind-ro=${dirname(program)}:${programFolder}`,
  ];
  const environment = { ...place.environment, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1' };
  const consoleLog = join(folder, 'console.log');
  let machine: ChildProcess | undefined;
  let leader = 0;
  let ended: number | null = null;

  async function bootUp(change: string): Promise<void> {
    const log = openSync(consoleLog, 'a');
    const words = ['--mount', '--', 'sh', '-c', boot, 'sh', rootOf(version), folder, change];
    const child = spawn('unshare', [...words, ...groups, '--', ...flags], {
      env: environment,
      stdio: ['ignore', log, log],
    });
    machine = child;
    child.once('exit', (code) => {
      machine = undefined;
      ended = code;
    });
    await waitFor(() => machine === undefined || firstProcess(child.pid, init.process) > 0, 60_000);
    leader = firstProcess(child.pid, init.process);
    await settled();
  }

  /** Waits until the first process has started everything. */
  async function settled(): Promise<void> {
    const deadline = Date.now() + room(120_000);
    for (;;) {
      if (machine === undefined) throw new Error(`The machine ended:\n${readFileSync(consoleLog, 'utf8')}`);
      if ((await attempt([...enter(), 'sh', '-c', init.settled])).code === 0) return;
      if (Date.now() > deadline) {
        const { stdout } = await attempt([...enter(), 'sh', '-c', init.pending]);
        throw new Error(`The machine is not up yet:\n${stdout}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** @param code what systemd-nspawn ends with, by which the keeper of the machine's unit knows whether to boot again */
  async function goDown(verb: 'reboot' | 'poweroff', code: number): Promise<void> {
    await attempt([...enter(), ...init[verb]]);
    await waitFor(() => machine === undefined, 120_000);
    if (ended !== code) throw new Error(`The machine ended with ${ended} instead of ${code} for a ${verb}`);
    await bootUp('');
  }

  function enter(): string[] {
    return ['nsenter', `--target=${leader}`, '--all', '--'];
  }

  const inside = (words: readonly string[], input?: Readable) =>
    run([...enter(), ...words], { environment: inner, ...(input && { input }) });
  writeFileSync(consoleLog, '');
  const ownSocket = initName === 'systemd' && !socketActivation ? withoutActivation : '';
  async function clear(): Promise<void> {
    await clearPlace(place);
    await waitFor(() => machine === undefined, 60_000);
  }

  try {
    await bootUp([init.change, ownSocket, more].join(''));
  } catch (error) {
    await clear();
    throw error;
  }
  return {
    version,
    folder,
    socket: '/run/docker.sock',
    pidfile: '/run/docker.pid',
    get besides() {
      return ['nsenter', `--target=${leader}`, '--net', '--'];
    },
    get within() {
      // A session of its own: a shell finds itself in no process group that it could name, else.
      return [...enter(), 'setsid', '--ctty', '--wait'];
    },
    node,
    program: `${programFolder}/docker-lifecycle-listener.js`,
    run: inside,
    attempt: (words) => attempt([...enter(), ...words], { environment: inner }),
    systemctl: (...words) => inside(['systemctl', ...words]),
    docker: (words, input) => inside(['docker', ...words], input),
    async stateOf(unit) {
      return (await attempt([...enter(), 'systemctl', 'is-active', unit])).stdout.trim();
    },
    // `docker.socket` is masked where it is not wanted.
    forgetStarts: () => attempt([...enter(), 'systemctl', 'reset-failed', 'docker.service', 'docker.socket']),
    launch(words, as = []) {
      const here = `${programFolder}/docker-lifecycle-listener.js`;
      return launchListener([...enter(), ...as, node, here, ...words], innermost);
    },
    reboot: () => goDown('reboot', 133),
    powerCycle: () => goDown('poweroff', 0),
    clear,
  };
}

/** What a login as root would have. */
export const inner = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  DOCKER_BUILDKIT: '0',
};

/** The machine's first process as the host numbers it, the only child of systemd-nspawn; 0 before there is one. */
function firstProcess(pid: number | undefined, name: Init['process']): number {
  const child = onlyChild(pid ?? 0);
  // Between fork and exec it is still called as its parent is.
  return child > 0 && comm(child) === name ? child : 0;
}

/** nsenter stays, as the parent of what it starts in another pid namespace, and passes no signals on. */
function innermost(pid: number): number {
  return comm(pid) === 'nsenter' ? onlyChild(pid) || pid : pid;
}

function onlyChild(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
  } catch {
    return 0;
  }
}

function comm(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}
