import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const page = readFileSync(fileURLToPath(new URL('../../docs/recipes.md', import.meta.url)), 'utf8');

/** Code blocks that were asked for: by the headings that tests use, and then each as it stands on the page. */
const used = new Set<string>();

/** Returns the code blocks of a language in the section of docs/recipes.md with this heading. */
export function recipe(heading: string, language: string): string[] {
  const found = blocksIn(section(heading)).filter(([, name]) => name === language);
  for (const [whole] of found) used.add(whole);
  return found.map(([, , text = '']) => text);
}

/** Returns the code blocks of the page that were not asked for. @param elsewhere headings of another test's */
export function unusedBlocks(elsewhere: readonly string[]): string[] {
  const others = new Set(elsewhere.flatMap((heading) => blocksIn(section(heading)).map(([whole]) => whole)));
  return blocksIn(page)
    .map(([whole]) => whole)
    .filter((whole) => !used.has(whole) && !others.has(whole));
}

function section(heading: string): string {
  const found = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`));
  if (found === undefined) throw new Error(`docs/recipes.md has no section “${heading}”`);
  return found;
}

function blocksIn(text: string): RegExpMatchArray[] {
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)];
}
