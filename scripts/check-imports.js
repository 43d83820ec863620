// Checks that imports run one way, as the table below says, and that no two files import each other, however many
// are between them. With --exports also that every value that is exported is imported somewhere, tests included.
// Usage: check-imports.js [--exports] [FOLDER]
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** What each part may import beside itself: anything, or types alone. A part is a folder of src, or a file in it; the words are one too. */
const table = {
  main: { anything: ['cli', 'demo', 'system', 'version'], types: [] },
  cli: {
    anything: [
      'cli/words',
      'daemon',
      'service',
      'notifier-container',
      'demo',
      'hooks',
      'journal',
      'control',
      'page',
      'config',
      'system',
      'version',
    ],
    types: ['engine', 'events', 'notifier', 'metrics', 'lifecycle'],
  },
  // Said to people by the program and by the library alike.
  'cli/words': {
    anything: ['cli', 'hooks', 'config', 'system'],
    types: [
      'daemon',
      'service',
      'journal',
      'control',
      'metrics',
      'engine',
      'events',
      'notifier',
      'lifecycle',
    ],
  },
  index: { anything: ['library', 'system'], types: ['lifecycle'] },
  library: { anything: ['daemon', 'cli/words', 'config', 'system'], types: ['lifecycle'] },
  demo: { anything: ['hooks', 'config', 'system'], types: [] },
  daemon: {
    anything: [
      'engine',
      'events',
      'notifier',
      'hooks',
      'lifecycle',
      'journal',
      'control',
      'metrics',
      'page',
      'config',
      'system',
      'version',
    ],
    types: [],
  },
  service: { anything: ['config', 'system'], types: [] },
  // Asks an engine for a container: on a line, and with a reader, of the engine's.
  'notifier-container': { anything: ['engine', 'config', 'system'], types: [] },
  // The stations know nothing of each other, and of the lifecycle only its data.
  engine: { anything: ['config', 'system'], types: ['lifecycle'] },
  // Reads a second stream from the same engine, with the engine's own ways of reaching it.
  events: { anything: ['engine', 'config', 'system'], types: ['lifecycle'] },
  notifier: { anything: ['config', 'system'], types: ['lifecycle'] },
  hooks: { anything: ['config', 'system'], types: ['lifecycle'] },
  journal: { anything: ['config', 'system'], types: ['lifecycle'] },
  // What runs in the browser takes its words from the command line.
  page: { anything: ['cli/words', 'journal', 'system'], types: ['daemon', 'hooks', 'lifecycle'] },
  metrics: { anything: ['config', 'system'], types: ['lifecycle'] },
  control: { anything: ['config', 'system'], types: ['lifecycle'] },
  lifecycle: { anything: [], types: [] },
  config: { anything: ['system'], types: [] },
  system: { anything: [], types: [] },
  version: { anything: [], types: [] },
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

function partOf(path) {
  if (path.startsWith('src/cli/words/')) return 'cli/words';
  const [first = ''] = relative('src', path).split('/');
  return first.replace(/\.ts$/, '');
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
