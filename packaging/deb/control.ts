import { createHash } from 'node:crypto';
import { dependencies } from './depends.ts';
import type { Elf } from './elf.ts';
import { isConffile, type PackagedFile } from './files.ts';

/** What a package says of itself. */
export interface About {
  readonly name: string;
  /** As Debian writes versions. */
  readonly version: string;
  readonly maintainer: string;
  /** The Node that it carries. */
  readonly node: Elf;
}

/** The control file (deb-control(5)). */
export function controlText(about: About, files: readonly PackagedFile[]): string {
  const { name, version, maintainer, node } = about;
  return `Package: ${name}
Version: ${version}
Architecture: ${node.architecture}
Maintainer: ${maintainer}
Installed-Size: ${installedSize(files)}
Depends: ${dependencies(node).join(', ')}
Suggests: docker.io | docker-ce | moby-engine
Section: admin
Priority: optional
Description: Runs your scripts on the host when Docker starts and stops
 A daemon that tells, exactly once each time, that a Docker Engine has started
 or is stopping, and runs the administrator's scripts when it does: those in
 /etc/docker-lifecycle-listener.d/on_start and on_stop, and keeps those in
 while_running running.
 .
 It sees starts and stops by itself, crashes included, and polls nothing. With
 systemd, on_stop runs before Docker stops, while docker still answers. It
 never starts, stops or restarts Docker.
 .
 The package carries the Node.js that runs it.
`;
}

/** In KiB, as dpkg-gencontrol counts it: each file's size rounded up, and one for all else that has a name. */
function installedSize(files: readonly PackagedFile[]): number {
  const sizes = files.map((file) => (file.kind === 'file' ? Math.ceil(file.content.length / 1024) : 1));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** What of a package's files may be changed by the administrator, and is then kept (deb-conffiles(5)). */
export function conffilesText(files: readonly PackagedFile[]): string {
  return files
    .filter(isConffile)
    .map(({ path }) => `${path}\n`)
    .join('');
}

/** What `dpkg --verify` compares all others with. */
export function md5sumsText(files: readonly PackagedFile[]): string {
  return files
    .flatMap((file) => (file.kind === 'file' && !isConffile(file) ? [file] : []))
    .map(({ path, content }) => `${createHash('md5').update(content).digest('hex')}  ${path.slice(1)}\n`)
    .join('');
}
