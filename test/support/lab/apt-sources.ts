import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One archive of Debian's, as apt knows it. */
export interface AptSource {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
  /** The keyring that it must be signed with; undefined for apt's own. */
  readonly signedBy: string | undefined;
}

/**
 * Reads apt's sources: files ending in `.sources` are stanzas of fields (deb822), all others a source a line,
 * see sources.list(5). Sources of source packages and disabled ones are left out.
 */
export function parseAptSources(name: string, text: string): AptSource[] {
  return name.endsWith('.sources') ? parseStanzas(text) : text.split('\n').flatMap(parseLine);
}

function parseStanzas(text: string): AptSource[] {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .split(/\n\s*\n/)
    .flatMap((stanza) => {
      const fields = new Map<string, string>();
      // A line that begins with a blank goes on with the field before it.
      for (const line of stanza.replace(/\n[ \t]+/g, ' ').split('\n')) {
        const [, name, value] = /^([\w-]+):\s*(.*)$/.exec(line) ?? [];
        if (name !== undefined) fields.set(name.toLowerCase(), value?.trim() ?? '');
      }
      const words = (field: string) => fields.get(field)?.split(/\s+/) ?? [];
      if (!words('types').includes('deb') || fields.get('enabled')?.toLowerCase() === 'no') return [];
      const signedBy = fields.get('signed-by');
      return words('uris').flatMap((uri) =>
        words('suites').map((suite) => ({
          uri,
          suite,
          components: words('components'),
          // A key may stand here itself instead of a file's name; that one apt alone can read.
          signedBy: signedBy?.startsWith('/') ? signedBy : undefined,
        })),
      );
    });
}

function parseLine(line: string): AptSource[] {
  const [, options = '', rest = ''] = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?([^#]*)/.exec(line) ?? [];
  const [uri, suite, ...components] = rest.trim().split(/\s+/);
  if (uri === undefined || suite === undefined) return [];
  const signedBy = /(?:^|\s)signed-by=(\/\S+)/.exec(options)?.[1];
  return [{ uri, suite, components, signedBy }];
}

/** Chooses the archive that has whole releases: the one that this system itself came from. */
export function chooseMirror(sources: readonly AptSource[], codename: string): AptSource | undefined {
  const names = [codename, 'stable', 'oldstable', 'testing', 'sid', 'unstable'];
  return sources.find(({ suite, components }) => names.includes(suite) && components.includes('main'));
}

/** Reads all of apt's sources under `folder`. */
export function readAptSources(folder = '/etc/apt'): AptSource[] {
  const parts = list(join(folder, 'sources.list.d')).filter((name) => /\.(list|sources)$/.test(name));
  return ['sources.list', ...parts.map((name) => join('sources.list.d', name))].flatMap((name) =>
    parseAptSources(name, read(join(folder, name))),
  );
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
