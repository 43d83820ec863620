import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Elf, readElf } from './deb/elf.ts';
import { nodeLicence } from './deb/node-licence.ts';

/** A Node that packages carry. */
export interface CarriedNode {
  /** A copy without what only debuggers need. */
  readonly path: string;
  readonly elf: Elf & { readonly architecture: string };
  /** The text of its licence; undefined where it is not beside the Node. */
  readonly licence: string | undefined;
}

/** The contents of nodes.json. */
interface Pinned {
  readonly version: string;
  readonly nodes: {
    readonly [architecture: string]: { readonly package: string; readonly integrity: string };
  };
}

/**
 * Prepares a Node for packages, in an empty folder.
 * @throws Error for a file that is no program for Linux
 */
export function carry(node: string, licence: string | undefined, folder: string): CarriedNode {
  const elf = readElf(node);
  const architecture = elf?.architecture;
  if (elf === undefined || architecture === undefined)
    throw new Error(`${node} is no program for Linux that Debian has a name for`);
  const text = licence === undefined ? nodeLicence(node) : readFileSync(licence, 'utf8');
  if (text === undefined) {
    console.error(
      `The licence of ${node} is not beside it. To give the package to others add: --node-licence FILE`,
    );
  }
  return { path: strip(node, architecture, folder), elf: { ...elf, architecture }, licence: text };
}

/** Removes the names that only a debugger of Node itself needs: an eighth less on the disk, nothing in memory. */
function strip(node: string, architecture: string, folder: string): string {
  const copy = join(folder, 'node');
  copyFileSync(node, copy);
  chmodSync(copy, 0o755);
  const isOurs = architecture === (process.arch === 'x64' ? 'amd64' : process.arch);
  const command = isOurs || architecture !== 'arm64' ? 'strip' : 'aarch64-linux-gnu-strip';
  try {
    execFileSync(command, ['--strip-unneeded', '--remove-section=.comment', copy], { stdio: 'pipe' });
  } catch (error) {
    // No strip here, or none for the processor that this is for.
    console.error(`Not stripped: ${(error as Error).message.trim().split('\n').at(-1)}`);
  }
  return copy;
}

/**
 * Fetches the Nodes of nodes.json from npm's registry: nodejs.org's own files, each compared with its digest.
 * @param cache keeps them for the next release
 * @returns their paths
 */
export function fetchNodes(cache: string): string[] {
  const pinned = JSON.parse(readFileSync(new URL('nodes.json', import.meta.url), 'utf8')) as Pinned;
  return Object.values(pinned.nodes).map((node) => {
    const folder = join(cache, `${node.package}-${pinned.version}`);
    const program = join(folder, 'package', 'bin', 'node');
    if (existsSync(program)) return program;
    mkdirSync(folder, { recursive: true });
    const words = ['pack', '--silent', '--pack-destination', folder, `${node.package}@${pinned.version}`];
    const archive = join(folder, execFileSync('npm', words, { encoding: 'utf8' }).trim());
    const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (found !== node.integrity) {
      rmSync(folder, { recursive: true });
      throw new Error(`${node.package}@${pinned.version} is ${found}, and nodes.json has ${node.integrity}`);
    }
    execFileSync('tar', ['-xzf', archive, '-C', folder, 'package/LICENSE', 'package/bin/node']);
    rmSync(archive);
    return program;
  });
}
