import { spawn } from 'node:child_process';
import { rmSync, symlinkSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { run } from './command.ts';
import { type EngineVersion, rootOf } from './folder.ts';

/** What can run `docker`: a private engine, or a whole machine. */
export interface DockerCommand {
  readonly folder: string;
  docker(words: readonly string[], input?: Readable): Promise<string>;
}

/** The notifier as it is shipped. */
const notifierFolder = fileURLToPath(new URL('../../../notifier', import.meta.url));

/** The container that the README installs. */
export const notifierName = 'docker-lifecycle-notifier';

/**
 * Makes `busybox:latest` out of Debian's static busybox, with a link for each applet: no registry is needed.
 * @param from the engine's root whose busybox is taken: 1.35, 1.37 or 1.38
 */
export async function loadBusybox(engine: DockerCommand, from: EngineVersion = '26.1'): Promise<void> {
  const folder = join(engine.folder, 'busybox');
  const bin = join(folder, 'bin');
  await mkdir(bin, { recursive: true });
  await mkdir(join(folder, 'etc'));
  await mkdir(join(folder, 'tmp'));
  await writeFile(
    join(folder, 'etc/passwd'),
    'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n',
  );
  await copyFile(join(rootOf(from), 'bin/busybox'), join(bin, 'busybox'));
  const applets = await run([join(bin, 'busybox'), '--list']);
  for (const applet of applets.split('\n').filter((name) => name !== 'busybox')) {
    symlinkSync('busybox', join(bin, applet));
  }
  await engine.docker(['import', '-', 'busybox:latest'], tar(folder));
  rmSync(folder, { recursive: true });
}

/** How a container reaches the listener. */
export type Way = 'loopback' | 'bridge';

const ways = {
  /** The engine has no bridge: a container in the host's own network. */
  loopback: { network: ['--network', 'host'], host: '127.0.0.1' },
  /** As the README has it. */
  bridge: {
    network: ['--add-host', 'host.docker.internal:host-gateway'],
    host: 'host.docker.internal',
  },
} as const;

/** Builds the notifier's image from `notifier/`, offline, and installs its container; it says `start` at once. */
export async function installNotifier(
  engine: DockerCommand,
  port: number,
  way: Way = 'loopback',
  from: EngineVersion = '26.1',
): Promise<void> {
  await loadBusybox(engine, from);
  const build = ['build', '--quiet', '--network', 'none', '--tag', notifierName, '-'];
  await engine.docker(build, tar(notifierFolder));
  const { network, host } = ways[way];
  const container = ['run', '--detach', '--name', notifierName, '--restart', 'always', ...network];
  await engine.docker([...container, notifierName, host, String(port)]);
}

function tar(folder: string): Readable {
  const { stdout } = spawn('tar', ['-C', folder, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
  return stdout;
}
