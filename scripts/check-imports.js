// Checks that imports run one way, as the table below says, and that no two files import each other, however many
// are between them. With --exports also that every value that is exported is imported somewhere, tests included.
// Usage: check-imports.js [--exports] [FOLDER]
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/**
 * What each part of src may import beside itself: anything, or types alone. A part is a folder of src, a folder in one of
 * its rooms, or a file; a path belongs to the longest name that it begins with. The floor comes first: a part imports
 * what stands above it in this list, and nothing below.
 */
const table = {
  version: { anything: [], types: [] },
  system: { anything: [], types: [] },
  // The pure core: no clock, no socket, no promise.
  'watch/lifecycle': { anything: [], types: [] },
  'watch/host': { anything: ['system'], types: [] },
  'watch/endpoint': { anything: ['system'], types: ['watch'] },
  // The sensor knows the data of the lifecycle, and none of its decisions.
  'watch/engine': {
    anything: ['watch/endpoint', 'watch/host', 'system'],
    types: ['watch', 'watch/lifecycle'],
  },
  watch: {
    anything: ['watch/engine', 'watch/lifecycle', 'watch/endpoint', 'watch/host', 'system'],
    types: [],
  },
  hooks: { anything: ['watch/endpoint', 'system'], types: ['watch/lifecycle'] },
  'container-events': {
    anything: ['hooks', 'watch/engine', 'system'],
    types: ['watch', 'watch/endpoint', 'watch/lifecycle'],
  },
  'listener/config': { anything: ['hooks', 'watch', 'watch/endpoint', 'system'], types: [] },
  'listener/journal': { anything: ['hooks', 'system'], types: ['watch/lifecycle'] },
  'listener/control': { anything: ['listener', 'hooks', 'system'], types: ['watch/lifecycle'] },
  'listener/metrics': {
    anything: ['listener', 'listener/journal', 'hooks', 'system', 'version'],
    types: ['fleet', 'watch/lifecycle'],
  },
  'listener/notifier': { anything: ['listener', 'system'], types: [] },
  // Loaded only where a fleet is set; the listener gets it from the command line.
  fleet: {
    anything: ['listener/journal', 'listener/words', 'system'],
    types: ['listener/config'],
  },
  // Used by the page too, so it takes no values from a part that needs Node.
  'listener/words': {
    anything: ['hooks', 'watch', 'system'],
    types: [
      'listener',
      'listener/control',
      'listener/journal',
      'listener/metrics',
      'listener/notifier',
      'container-events',
      'fleet',
      'watch/lifecycle',
    ],
  },
  listener: {
    anything: [
      'listener/control',
      'listener/journal',
      'listener/metrics',
      'listener/notifier',
      'listener/words',
      'container-events',
      'hooks',
      'watch',
      'watch/engine',
      'watch/lifecycle',
      'watch/endpoint',
      'watch/host',
      'system',
      'version',
    ],
    types: ['listener/config', 'fleet'],
  },
  page: {
    anything: ['listener/words', 'listener/journal', 'system'],
    types: ['listener', 'hooks', 'watch/lifecycle'],
  },
  service: { anything: ['watch/endpoint', 'system'], types: ['listener/config'] },
  // Asks an engine for a container: on a line, and with a reader, of the engine's.
  'notifier-container': { anything: ['watch/engine', 'watch/endpoint', 'system'], types: [] },
  demo: { anything: ['system'], types: [] },
  cli: {
    anything: [
      'service',
      'notifier-container',
      'demo',
      'fleet',
      'listener',
      'listener/config',
      'listener/control',
      'listener/journal',
      'listener/words',
      'hooks',
      'watch',
      'watch/endpoint',
      'watch/host',
      'system',
      'version',
    ],
    types: ['watch/lifecycle'],
  },
  main: { anything: ['cli', 'system'], types: [] },
};

const statement = /^(import|export)\s+(type\s+)?(?:([^'";]*?)\s+from\s+)?'(\.[^']+)'/gm;
const call = /\bimport\(\s*'(\.[^']+)'\s*\)/g;
// Of exports, values alone count: a type is exported also to name what a function takes or gives.
const definition = /^export (?:async )?(?:function\*?|const|let|class) (\w+)/gm;

const {
  values: { exports: strict },
  positionals: [root = fileURLToPath(new URL('..', import.meta.url))],
} = parseArgs({ options: { exports: { type: 'boolean' } }, allowPositionals: true });
const sources = filesIn('src');
const users = [...filesIn('test'), ...filesIn('bench')];

function filesIn(folder) {
  if (!existsSync(join(root, folder))) return [];
  const names = readdirSync(join(root, folder), { recursive: true }).filter((name) => name.endsWith('.ts'));
  return names.sort().map((name) => parse(join(folder, name)));
}

/** The imports and exports of a file. An import of types alone leaves no trace in the program. */
function parse(path) {
  const text = readFileSync(join(root, path), 'utf8');
  const imports = [];
  for (const [, , type, names = '', target] of text.matchAll(statement)) {
    const list = names
      .replace(/[{}]/g, '')
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean);
    const types = type !== undefined || (list.length > 0 && list.every((name) => name.startsWith('type ')));
    imports.push({ target: join(dirname(path), target), types, names: list.map(importedName) });
  }
  for (const [, target] of text.matchAll(call)) {
    imports.push({ target: join(dirname(path), target), types: false, names: ['*'] });
  }
  return { path, imports, exports: [...text.matchAll(definition)].map(([, name]) => name) };
}

function importedName(words) {
  return words.startsWith('*') ? '*' : words.replace(/^type /, '').split(' as ')[0];
}

const parts = Object.keys(table).sort((a, b) => b.length - a.length);

/** The part of a file: the longest name that its path begins with; its first folder where the table has none. */
function partOf(path) {
  const name = relative('src', path).replace(/\.ts$/, '');
  return parts.find((part) => name === part || name.startsWith(`${part}/`)) ?? name.split('/')[0];
}

function* forbidden() {
  for (const { path, imports } of sources) {
    const from = partOf(path);
    const allowed = table[from];
    if (allowed === undefined) {
      yield `${path}: the part ${from} is not in the table of scripts/check-imports.js: say there what it may import`;
      continue;
    }
    for (const { target, types } of imports) {
      if (!target.startsWith('src/')) continue;
      const to = partOf(target);
      if (to === from || allowed.anything.includes(to) || (types && allowed.types.includes(to))) continue;
      const only = allowed.types.includes(to) ? ' anything but types from' : '';
      yield `${path}: imports ${target}, but ${from} may not import${only} ${to}`;
    }
  }
}

function* cycles() {
  const graph = new Map(sources.map(({ path, imports }) => [path, imports.map(({ target }) => target)]));
  const done = new Set();
  const way = [];
  function* visit(path) {
    if (way.includes(path))
      yield `A circle of imports: ${[...way.slice(way.indexOf(path)), path].join(' → ')}`;
    if (way.includes(path) || done.has(path)) return;
    way.push(path);
    for (const target of graph.get(path) ?? []) yield* visit(target);
    way.pop();
    done.add(path);
  }
  for (const path of graph.keys()) yield* visit(path);
}

function* unused() {
  const used = new Set();
  for (const { imports } of [...sources, ...users]) {
    for (const { target, names } of imports) for (const name of names) used.add(`${target} ${name}`);
  }
  for (const { path, exports } of sources) {
    if (used.has(`${path} *`)) continue;
    for (const name of exports) {
      if (!used.has(`${path} ${name}`)) yield `${path}: exports ${name}, which nothing imports`;
    }
  }
}

const problems = [...forbidden(), ...cycles(), ...(strict ? unused() : [])];
for (const problem of problems) console.error(problem);
const verdict = problems.length === 0 ? 'all as they should be' : `${problems.length} wrong`;
console.log(`Imports of ${sources.length} files: ${verdict}`);
process.exitCode = sources.length > 0 && problems.length === 0 ? 0 : 1;
