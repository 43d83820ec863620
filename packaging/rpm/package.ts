import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Elf } from '../deb/elf.ts';
import type { PackagedFile } from '../deb/files.ts';
import { layFilesOut } from '../deb/package.ts';

/** An rpm before it is written. */
export interface RpmPackaging {
  readonly name: string;
  /** The program's, as package.json has it. */
  readonly version: string;
  readonly homepage: string;
  /** The Node that it carries. */
  readonly node: Elf;
  readonly files: readonly PackagedFile[];
  /** The folder with the package's scripts. */
  readonly scripts: string;
  /** An empty folder to work in. */
  readonly stage: string;
  /** The time of each file, in seconds since the epoch. */
  readonly epoch: number;
}

/** Architectures by their names in Debian. */
const architectures: { readonly [debian: string]: string } = { amd64: 'x86_64', arm64: 'aarch64' };

/**
 * Writes an rpm: the same bytes for the same files and the same time.
 * @returns its path, in `folder`
 * @throws Error for an architecture that is unknown here, and when rpmbuild fails
 */
export function writeRpm(packaging: RpmPackaging, folder: string): string {
  const { node, stage, epoch, files } = packaging;
  const target = architectures[node.architecture ?? ''];
  if (target === undefined) throw new Error(`No name of rpm's is known for ${node.architecture}`);
  const sources = join(stage, 'sources');
  mkdirSync(sources);
  layFilesOut(sources, files);
  const spec = join(stage, 'package.spec');
  writeFileSync(spec, specText(packaging, sources));
  const macros = [
    `_topdir ${stage}`,
    `_rpmdir ${stage}/rpms`,
    '_buildhost localhost',
    '_build_name_fmt package.rpm',
  ];
  const words = ['-bb', '--quiet', '--nodeps', '--target', `${target}-linux`];
  execFileSync('rpmbuild', [...words, ...macros.flatMap((macro) => ['--define', macro]), spec], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch), LC_ALL: 'C.UTF-8' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${packaging.name}-${rpmVersion(packaging.version)}-1.${target}.rpm`);
  copyFileSync(join(stage, 'rpms', 'package.rpm'), path);
  return path;
}

/** rpm orders 1.0~rc.1 before 1.0, as semver does 1.0-rc.1. */
function rpmVersion(version: string): string {
  return version.replace('-', '~');
}

function specText(packaging: RpmPackaging, sources: string): string {
  const { name, version, homepage, node, files, scripts } = packaging;
  const script = (phase: string) => readFileSync(join(scripts, phase), 'utf8').replaceAll('%', '%%');
  return `%global debug_package %{nil}
%global __os_install_post %{nil}
%global _build_id_links none
%global use_source_date_epoch_as_buildtime 1
%global clamp_mtime_to_source_date_epoch 1
%global _binary_payload w9.zstdio
Name: ${name}
Version: ${rpmVersion(version)}
Release: 1
Summary: Runs your scripts on the host when Docker starts and stops
License: MIT
URL: ${homepage}
AutoReqProv: no
Requires: ${['/bin/sh', ...requirements(node)].join(', ')}

%description
A daemon that runs the administrator's scripts when a Docker Engine starts and
stops: those in /etc/docker-lifecycle-listener.d. It carries the Node.js that
runs it, and never starts, stops or restarts Docker.

%install
cp -a ${sources}/. %{buildroot}

%pre
${script('pre')}
%post
${script('post')}
%preun
${script('preun')}
%postun
${script('postun')}
%files
${files.flatMap(entry).join('\n')}
`;
}

/** Returns an entry of %files; folders that other packages have too are none of ours. */
function entry(file: PackagedFile): string[] {
  const path = `"${file.path.replaceAll('%', '%%')}"`;
  switch (file.kind) {
    case 'folder':
      return /\/docker-lifecycle-listener\b/.test(file.path) ? [`%dir %attr(0755, root, root) ${path}`] : [];
    case 'file': {
      const mode = file.mode.toString(8).padStart(4, '0');
      const config = file.path.startsWith('/etc/') ? '%config(noreplace) ' : '';
      return [`${config}%attr(${mode}, root, root) ${path}`];
    }
    case 'link':
      return [path];
    default:
      return file satisfies never;
  }
}

/** Returns what the Node needs by rpm's names for libraries, as `libc.so.6(GLIBC_2.28)(64bit)`. */
function requirements({ needed, versions }: Elf): string[] {
  return needed.flatMap((library) => {
    // The loader is a part of the C library.
    if (library.startsWith('ld-linux')) return [];
    return [
      `${library}()(64bit)`,
      ...(versions.get(library) ?? []).map((version) => `${library}(${version})(64bit)`),
    ];
  });
}
