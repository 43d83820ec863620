import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type About, conffilesText, controlText, md5sumsText } from './control.ts';
import type { PackagedFile } from './files.ts';

/** How dpkg-deb compresses: `small` is within a seventh of its best and takes a fifth of the time. */
export const compressions = {
  small: ['-Zxz', '-z2'],
  none: ['-Znone'],
} as const;

export interface Packaging {
  readonly about: About;
  readonly files: readonly PackagedFile[];
  /** With the scripts of the package's maintainer. */
  readonly scripts: string;
  /** An empty folder to lay the files out in. */
  readonly stage: string;
  /** What each file's time is, in seconds since the epoch. */
  readonly epoch: number;
  readonly compression: keyof typeof compressions;
}

/**
 * Writes a package: the same bytes for the same files and the same time, on every machine, by every user, at any time.
 * @returns its path, in `folder`
 * @throws Error when dpkg-deb cannot
 */
export function writePackage(packaging: Packaging, folder: string): string {
  const { about, files, scripts, stage, epoch, compression } = packaging;
  chmodSync(stage, 0o755);
  layFilesOut(stage, files);
  const control = join(stage, 'DEBIAN');
  mkdirSync(control);
  chmodSync(control, 0o755);
  const texts = {
    control: controlText(about, files),
    conffiles: conffilesText(files),
    md5sums: md5sumsText(files),
  };
  for (const [name, text] of Object.entries(texts)) {
    writeFileSync(join(control, name), text);
    chmodSync(join(control, name), 0o644);
  }
  for (const name of ['preinst', 'postinst', 'prerm', 'postrm']) {
    copyFileSync(join(scripts, name), join(control, name));
    chmodSync(join(control, name), 0o755);
  }
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${about.name}_${about.version}_${about.node.architecture}.deb`);
  const words = ['--root-owner-group', ...compressions[compression], '--build', stage, path];
  execFileSync('dpkg-deb', words, {
    // All of it was written just now, and so gets this time (dpkg-deb(1)).
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch), LC_ALL: 'C.UTF-8' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return path;
}

/** Writes a package's files below a folder. */
export function layFilesOut(stage: string, files: readonly PackagedFile[]): void {
  for (const file of files) place(stage, file);
}

/** Sets modes as given, whatever the umask; owners are dpkg-deb's and rpm's matter. */
function place(stage: string, file: PackagedFile): void {
  const path = join(stage, file.path);
  switch (file.kind) {
    case 'folder':
      mkdirSync(path);
      chmodSync(path, file.mode);
      return;
    case 'file':
      writeFileSync(path, file.content);
      chmodSync(path, file.mode);
      return;
    case 'link':
      symlinkSync(file.target, path);
      return;
    default:
      file satisfies never;
  }
}
