import { existsSync, readFileSync } from 'node:fs';
import { attempt, run } from './command.ts';

/** What the laboratory needs on the host: a command, and the Debian package that has it. */
const needed = [
  { command: 'mmdebstrap', package: 'mmdebstrap', purpose: 'builds the engine roots' },
  { command: 'systemd-nspawn', package: 'systemd-container', purpose: 'boots whole machines' },
  { command: 'ip', package: 'iproute2', purpose: 'sets up network namespaces' },
  { command: 'faketime', package: 'faketime', purpose: 'sets a clock of the listener alone' },
  { command: 'tmux', package: 'tmux', purpose: 'is the terminal of a user who types' },
  { command: 'readelf', package: 'binutils', purpose: 'reads what the Node of the Debian package needs' },
  { command: 'nsenter', package: 'util-linux', purpose: 'acts inside namespaces' },
] as const;

/** The host's Debian release, as `bookworm`. @throws Error with the fix where there can be no laboratory */
export function requireDebianRoot(): string {
  if (process.geteuid?.() !== 0) {
    throw new Error('The laboratory runs real Docker engines and needs root.\n  Run: sudo npm run test:lab');
  }
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)`, 'm').exec(release)?.[1];
  if (field('ID') !== 'debian') {
    const found = field('PRETTY_NAME') ?? process.platform;
    throw new Error(
      `The laboratory is made of Debian's packages and runs on Debian; this is ${found}.\n` +
        '  Run it in a Debian machine, virtual or real; the other tests run here: npm test',
    );
  }
  return field('VERSION_CODENAME') ?? 'stable';
}

/** Installs with apt-get what is missing of the host's commands. */
export async function installMissing(say: (text: string) => void): Promise<void> {
  const missing: (typeof needed)[number][] = [];
  for (const one of needed) {
    const { code } = await attempt(['sh', '-c', `command -v ${one.command}`]);
    if (code !== 0) missing.push(one);
  }
  if (missing.length === 0) return;
  for (const { package: name, purpose } of missing) say(`Installing ${name} with apt-get: it ${purpose}`);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run(['apt-get', 'update', '-qq'], { environment });
  const names = missing.map((one) => one.package);
  await run(['apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...names], {
    environment,
    limit: 600_000,
  });
}
