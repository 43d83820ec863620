import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';

/** Something that not every machine has, or not everybody there. */
interface Need {
  /** What it is, as in "for lack of …". */
  readonly what: string;
  readonly isMet: () => boolean;
}

const isFullyEquipped = process.env.FULLY_EQUIPPED === 'true';

/** Debian's Chromium, or another one. */
export const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium';

const isLinux = process.platform === 'linux';
const answers = (command: string, ...words: string[]) => spawnSync(command, words).status === 0;

const needs = {
  root: { what: 'root (run them with: sudo npm test)', isMet: () => process.geteuid?.() === 0 },
  linux: { what: 'Linux', isMet: () => isLinux },
  openssl: { what: 'openssl, which makes certificates', isMet: () => answers('openssl', 'version') },
  docker: {
    what: 'a docker client, to be compared with',
    isMet: () =>
      spawnSync('docker', ['context', 'ls'], { env: { ...process.env, DOCKER_HOST: '' } }).status === 0,
  },
  bindfs: {
    what: 'bindfs, with which a user mounts, and /dev/fuse',
    isMet: () => existsSync('/dev/fuse') && answers('bindfs', '--version'),
  },
  setcap: {
    what: 'setcap, of the package libcap2-bin',
    isMet: () => existsSync('/sbin/setcap') || existsSync('/usr/sbin/setcap'),
  },
  setpriv: {
    what: 'setpriv, of util-linux, and CAP_WAKE_ALARM to give',
    isMet: () => answers('setpriv', '--inh-caps=+wake_alarm', '--ambient-caps=+wake_alarm', 'true'),
  },
  setfacl: { what: 'setfacl, of the package acl', isMet: () => answers('setfacl', '--version') },
  promtool: {
    what: 'promtool, of the package prometheus',
    isMet: () => answers('promtool', '--version'),
  },
  chromium: {
    what: 'Chromium (apt-get install chromium; then: npm run test:page)',
    isMet: () => existsSync(chromium),
  },
  checks: {
    what: 'the packages of scripts/checks (node scripts/equip.js scripts/checks)',
    isMet: () =>
      existsSync(fileURLToPath(new URL('../../node_modules/ts-json-schema-generator', import.meta.url))),
  },
  'release packages': {
    what: 'the packages of packaging (node scripts/equip.js packaging)',
    isMet: () =>
      existsSync(fileURLToPath(new URL('../../node_modules/@cyclonedx/cyclonedx-library', import.meta.url))),
  },
  rpmbuild: { what: 'rpmbuild, of the package rpm', isMet: () => answers('rpmbuild', '--version') },
  curl: { what: 'curl', isMet: () => answers('curl', '--version') },
  perl: { what: 'perl', isMet: () => existsSync('/usr/bin/perl') },
  prlimit: { what: 'prlimit, of util-linux', isMet: () => answers('prlimit', '--version') },
  bash: { what: 'bash', isMet: () => answers('bash', '-c', 'true') },
  zsh: { what: 'zsh', isMet: () => answers('zsh', '-f', '-c', 'true') },
  fish: { what: 'fish', isMet: () => answers('fish', '--no-config', '-c', 'true') },
  tmux: { what: 'tmux, for a terminal', isMet: () => answers('tmux', '-V') },
  groff: { what: 'groff', isMet: () => answers('groff', '--version') },
  mandoc: { what: 'mandoc', isMet: () => answers('sh', '-c', 'echo | mandoc >/dev/null') },
  dpkg: { what: 'dpkg-deb, which makes packages for Debian', isMet: () => answers('dpkg-deb', '--version') },
  'nats-server': {
    what: 'nats-server, the broker of a fleet (apt-get install nats-server)',
    isMet: () => answers(process.env.NATS_SERVER ?? 'nats-server', '--version'),
  },
  objdump: {
    what: 'objdump, of binutils, to be compared with',
    isMet: () => answers('objdump', '--version'),
  },
  ptrace: {
    what: 'a processor on which we know ptrace(2) by its number: x64 or arm64',
    isMet: () => ['x64', 'arm64'].includes(process.arch),
  },
  'network namespace': {
    what: 'leave to make a network namespace with a bridge in it',
    isMet: () => answers('unshare', '--net', 'sh', '-c', 'ip link add docker0 type bridge'),
  },
  'mount namespace': {
    what: 'leave to make a mount namespace with a file system in it',
    isMet: () => answers('unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none /mnt'),
  },
  'outward address': {
    what: 'an IPv4 address that other machines can reach',
    isMet: () => outwardAddress !== undefined,
  },
  // Some systems, and most containers, let everybody open them.
  'kept ports': {
    what: 'a system that keeps ports below 1024 for root',
    isMet: () =>
      isLinux && Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8')) > 81,
  },
} as const satisfies { readonly [name: string]: Need };

export type NeedName = keyof typeof needs;

/** Programs of Debian's, and the packages that npm ci leaves out. Where .ci/run has installed them, a missing one is a failure and nothing to be left out. */
const equipment: readonly NeedName[] = [
  'checks',
  'chromium',
  'fish',
  'groff',
  'mandoc',
  'objdump',
  'promtool',
  'release packages',
  'rpmbuild',
  'setfacl',
  'tmux',
  'zsh',
];

/** An address of this machine that others can reach, where it has one. */
export const outwardAddress = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

declare module 'vitest' {
  interface TaskMeta {
    /** What a test needs and does not have here, for the reporter. */
    lacks?: readonly NeedName[];
  }
}

const known = new Map<NeedName, boolean>();

function isMet(name: NeedName): boolean {
  const found = known.get(name) ?? ((isFullyEquipped && equipment.includes(name)) || needs[name].isMet());
  known.set(name, found);
  return found;
}

/**
 * Options of a test, or of a group of them, that cannot run everywhere: it is left out where it lacks one of its needs,
 * and the reporter says which.
 */
export function needing(...names: readonly NeedName[]): {
  readonly skip: boolean;
  readonly meta: { readonly lacks?: readonly NeedName[] };
} {
  const lacks = names.filter((name) => !isMet(name));
  return lacks.length === 0 ? { skip: false, meta: {} } : { skip: true, meta: { lacks } };
}

/** What it is, as in "for lack of …". */
export function whatIsNeeded(name: NeedName): string {
  return needs[name].what;
}
