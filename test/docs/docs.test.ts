import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readArguments } from '../../src/cli/arguments.ts';
import { type Option, options } from '../../src/cli/options.ts';
import { engineEvents } from '../../src/hooks/engine-events.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const files = ['.', 'docs', 'bench'].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(root, folder, name)),
);
const read = (file: string) => readFileSync(file, 'utf8');
const blocks = /^ *```(\w*)\n(.*?)^ *```$/gms;

/** The anchors of a file, as GitHub makes them of its headings. */
function anchorsOf(file: string): string[] {
  return [
    ...read(file)
      .replaceAll(blocks, '')
      .matchAll(/^#+ (.*)$/gm),
  ].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** What stands behind the program's name, in the lines of a block that call it. */
function commandLines(language: string | undefined, text: string): string[] {
  const prompt = language === 'console' ? '[$#] ' : ' *';
  const call = new RegExp(`^${prompt}(?:sudo )?(?:docker lifecycle|docker-lifecycle-listener) (.+)$`, 'gm');
  return [...text.matchAll(call)].map(([, words = '']) => words);
}

describe('what is written about the program', () => {
  test.each(files.map((file) => relative(root, file)))('the links of %s lead somewhere', (name) => {
    const file = join(root, name);
    const links = [
      ...read(file)
        .replaceAll(blocks, '')
        .matchAll(/\]\(([^)\s]+)\)/g),
    ].map(([, link = '']) => link);
    const dead = links.filter((link) => {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? file : join(dirname(file), path);
      if (/^https?:/.test(link)) return false;
      return !existsSync(target) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
    });
    expect(dead).toEqual([]);
  });

  test('each option is in README or docs/', () => {
    const all = files
      .filter((file) => /README\.md$|docs\/[\w-]+\.md$/.test(file))
      .map(read)
      .join('\n');
    const missing = Object.entries(options as { [name: string]: Option }).filter(
      ([name, { short }]) =>
        !new RegExp(
          `[ \`|(]--${name}(?![\\w-])${short === undefined ? '' : `|[ \`]-${short}(?![\\w-])`}`,
        ).test(all),
    );
    expect(missing.map(([name]) => name)).toEqual([]);
  });

  test('the table of events has each event, and no other', () => {
    const rows = [
      ...read(join(root, 'docs/container-events.md')).matchAll(
        /^\| ((?:`\w+`(?:, )?)+) \| ((?:`[\w-]+` ?)+) \|$/gm,
      ),
    ];
    const words = (cell: string) => [...cell.matchAll(/`([\w-]+)`/g)].map(([, word = '']) => word);
    const table = rows.flatMap(([, types = '', actions = '']) =>
      words(types).map((type) => [type, words(actions)] as const),
    );
    expect(Object.fromEntries(table)).toEqual(engineEvents);
  });

  test('each command line is one that the program takes', () => {
    const lines = files.flatMap((file) =>
      [...read(file).matchAll(blocks)].flatMap(([, language, text = '']) => commandLines(language, text)),
    );
    expect(lines.length).toBeGreaterThan(30);
    for (const line of lines) {
      // As far as a shell hands it to us.
      const words = line.replace(/ *[#|&>].*$/, '').trim();
      expect(() => readArguments(words.split(' ')), line).not.toThrow();
    }
  });
});
