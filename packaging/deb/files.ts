import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { commands } from '../../src/cli/commands.ts';
import { manual } from '../../src/cli/manual.ts';
import { everyShellFile } from '../../src/cli/shell-files.ts';
import { layOut } from '../../src/service/layout.ts';
import { thisMachine } from '../../src/service/machine.ts';
import { packagedPrefix, packagedService } from '../../src/service/packaged.ts';
import { programFiles, programLinks } from '../../src/service/program.ts';
import { partsOf } from '../../src/service/runtime.ts';
import { systemScope } from '../../src/service/scope.ts';
import { settingsFileText } from '../../src/service/settings-file.ts';
import { systemdFiles } from '../../src/service/systemd.ts';
import type { Wanted } from '../../src/service/wanted.ts';

/** Something in a package, at the absolute path where it will be; root's. */
export type PackagedFile =
  | { readonly kind: 'folder'; readonly path: string; readonly mode: number }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly content: Buffer }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

/** What a package is made of. */
export interface Sources {
  readonly name: string;
  /** Of the program, as package.json has it. */
  readonly version: string;
  /** The checkout, with the program built in its `dist`. */
  readonly root: string;
  /** The Node to carry, as it is to be in the package. */
  readonly node: string;
  /** The licence of that Node; undefined where it is not known. */
  readonly nodeLicence: string | undefined;
  /** In Debian's form. */
  readonly changelog: string;
}

/** The package manager that a package is for. */
export type System = 'debian' | 'rpm';

/** Everything in the package, sorted, each folder before what is in it. */
export function packagedFiles(sources: Sources, system: System = 'debian'): PackagedFile[] {
  const files = [
    ...programOf(sources),
    ...shellsOf(sources, system),
    ...settingsOf(sources),
    ...documentsOf(sources, system),
  ];
  const named = new Map(files.flatMap(({ path }) => foldersTo(path)).map((item) => [item.path, item]));
  for (const file of files) named.set(file.path, file);
  return [...named.values()].sort((one, other) => (one.path < other.path ? -1 : 1));
}

/** What is in /etc is the administrator's to change. */
export function isConffile(file: PackagedFile): boolean {
  return file.kind === 'file' && file.path.startsWith('/etc/');
}

/** The program, its units and its command: what `install` puts below /usr/local, below /usr. */
function programOf({ root, version, node, name }: Sources): PackagedFile[] {
  const layout = layOut(packagedPrefix, version);
  const bundle = join(root, 'dist', `${name}.js`);
  const runtime = { node, bundle, parts: partsOf(bundle) };
  return [
    ...programFiles(thisMachine(), layout, version, runtime),
    ...programLinks(layout, version),
    ...systemdFiles(layout, packagedService, true, systemScope),
  ].map(packaged);
}

/** What Docker, shells and man find by themselves. */
function shellsOf({ name, version }: Sources, system: System): PackagedFile[] {
  const fix = system === 'rpm' ? `dnf reinstall ${name}` : `apt-get install --reinstall ${name}`;
  return everyShellFile(layOut(packagedPrefix, version), systemScope, fix, manual(commands))
    .map(packaged)
    .map((file) => {
      if (file.kind !== 'file') return file;
      if (/\.[1-8]$/.test(file.path)) {
        return { ...file, path: `${file.path}.gz`, content: compress(file.content) };
      }
      if (system === 'rpm') return file;
      // Debian's zsh looks where packages put theirs, and below /usr in no other place.
      return { ...file, path: file.path.replace('/zsh/site-functions/', '/zsh/vendor-completions/') };
    });
}

function packaged(wanted: Wanted): PackagedFile {
  if (wanted.kind !== 'file') return wanted;
  const { kind, path, mode } = wanted;
  const content = 'from' in wanted ? readFileSync(wanted.from) : Buffer.from(wanted.content);
  return { kind, path, mode, content };
}

function settingsOf({ name }: Sources): PackagedFile[] {
  const folders = ['on_start', 'on_stop', 'while_running'];
  return [
    {
      kind: 'file',
      path: `/etc/${name}.toml`,
      mode: 0o644,
      content: Buffer.from(
        settingsFileText(`/usr/share/doc/${name}/docs/configuration.md`, packagedService.scriptDir),
      ),
    },
    ...folders.map((folder) => folderAt(join(packagedService.scriptDir, folder))),
  ];
}

function documentsOf({ root, name, changelog, nodeLicence }: Sources, system: System): PackagedFile[] {
  const folder = `/usr/share/doc/${name}`;
  const ownLicence = readFileSync(join(root, 'packaging', 'deb', 'copyright'), 'utf8');
  const notices = readFileSync(join(root, 'dist', 'THIRD-PARTY-NOTICES'), 'utf8');
  const carried = `/usr/lib/${name}/*/node is Node.js.\n\n${nodeLicence ?? unknownLicence}`;
  const guides = namesIn(join(root, 'docs'), '.md');
  const hooks = ['on_start', 'on_stop'].flatMap((event) =>
    namesIn(join(root, 'examples', 'hooks', event)).map((hook) => join(event, hook)),
  );
  return [
    fileAt(`${folder}/copyright`, [ownLicence, notices, carried].join(rule)),
    fileAt(`${folder}/changelog.gz`, compress(changelog)),
    ...guides.map((guide) => copy(join(root, 'docs', guide), `${folder}/docs/${guide}`)),
    ...hooks.map((hook) => copy(join(root, 'examples', 'hooks', hook), `${folder}/examples/${hook}`, 0o755)),
    ...(system === 'rpm'
      ? []
      : [copy(join(root, 'packaging', 'deb', 'lintian-overrides'), `/usr/share/lintian/overrides/${name}`)]),
  ];
}

const rule = `\n${'-'.repeat(82)}\n\n`;
const unknownLicence = 'See https://github.com/nodejs/node/blob/main/LICENSE\n';

/** As `gzip -9n` does it: no name and no time in it. */
function compress(content: string | Buffer): Buffer {
  return gzipSync(content, { level: 9 });
}

function namesIn(folder: string, ending = ''): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith(ending));
  } catch {
    return [];
  }
}

function copy(from: string, path: string, mode = 0o644): PackagedFile {
  return { ...fileAt(path, readFileSync(from)), mode } as PackagedFile;
}

function fileAt(path: string, content: string | Buffer): PackagedFile {
  return { kind: 'file', path, mode: 0o644, content: Buffer.from(content) };
}

function folderAt(path: string): PackagedFile {
  return { kind: 'folder', path, mode: 0o755 };
}

function foldersTo(path: string): PackagedFile[] {
  const folder = dirname(path);
  return folder === '/' ? [] : [...foldersTo(folder), folderAt(folder)];
}
