// Builds a program of a first file and few parts, which `import()` loads.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { build, transform } from 'esbuild';
import { loadBuiltinsLate } from './builtins.js';

/**
 * The parts, and the modules of src/ in each: those that `import()` loads from it, and some that others need too. Code
 * that two parts need is in the earlier one, so the list begins with parts that start often, or share much with others.
 */
const parts = {
  companion: ['cli/companion'],
  status: ['cli/status'],
  /** Beside these, every module that is loaded and that no other part lists: the commands that ask a listener. */
  client: ['cli/log-file', 'hooks/find', 'listener/journal/past', 'system/awake-timer'],
  history: ['cli/history', 'cli/hooks', 'cli/report', 'cli/dry-run'],
  wait: ['cli/wait'],
  service: ['cli/install', 'cli/uninstall', 'cli/logs', 'cli/manual', 'cli/notifier', 'cli/plugin/manage'],
  daemon: ['cli/run'],
  doctor: ['cli/doctor'],
  completion: ['cli/completion/answer'],
  /** The client of NATS, for a listener with a fleet and for the commands of a fleet. */
  fleet: ['fleet/publisher', 'cli/fleet', 'cli/fleet-view'],
  demo: ['demo/demo', 'demo/embedded-engine'],
};

/** Lets a CommonJS package require Node's own modules: there is no `require` in the program. */
const nodeModules = {
  name: 'node modules',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:|crypto$|util$|path$|fs$|net$|tls$|dns$)/ }, ({ kind, path }) =>
      kind === 'require-call' ? { path, namespace: 'node-module' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'node-module' }, ({ path }) => ({
      contents: `export * from '${path}'; export { default } from '${path}';`,
    }));
  },
};

/** Puts the version alone of package.json into the program: every command loads it. */
const versionAlone = {
  name: 'version alone',
  setup({ initialOptions, onLoad }) {
    const manifest = join(initialOptions.absWorkingDir, 'package.json');
    onLoad({ filter: /[/\\]package\.json$/ }, ({ path }) => {
      if (path !== manifest) return undefined;
      const { version } = JSON.parse(readFileSync(path, 'utf8'));
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
  },
};

/**
 * Builds the program. esbuild alone would make a file of the modules that the same commands need: 97 files, and each
 * costs Node 2 ms. Here a part is one file with everything that no part before it has, and one that names its exports.
 * @param options of esbuild, with `entryPoint` as the only one, and `outdir`
 * @returns the metafile of all modules in the program
 */
export async function buildInParts(options, entryPoint) {
  const root = options.absWorkingDir;
  const { metafile } = await build({
    ...options,
    splitting: true,
    write: false,
    metafile: true,
    plugins: [nodeModules, versionAlone],
  });
  const { members, together } = divide(metafile.inputs, entryPoint);
  const parting = {
    name: 'parts',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
        if (kind !== 'dynamic-import') return undefined;
        return { path: partOf(relative(root, resolve(resolveDir, path))), namespace: 'part' };
      });
      onLoad({ filter: /.*/, namespace: 'part' }, ({ path }) => ({
        resolveDir: root,
        contents: [
          ...members.get(path).map((module) => `export * from './${module}';`),
          ...together.get(path).map((module) => `import './${module}';`),
        ].join('\n'),
      }));
    },
  };
  await build({
    ...options,
    splitting: true,
    chunkNames: 'parts/[name]-[hash]',
    plugins: [parting, nodeModules, versionAlone],
  });
  const first = join(options.outdir, `${Object.keys(options.entryPoints)[0]}.js`);
  loadWithCare(first);
  const folder = join(options.outdir, 'parts');
  loadBuiltinsLate(first, true);
  // The client of NATS imports Node's modules as CommonJS does.
  const others = readdirSync(folder).filter((name) => !name.startsWith('fleet-'));
  for (const name of others) loadBuiltinsLate(join(folder, name), false);
  await shrink(folder);
  return { metafile };
}

/** Takes the white space out of the part with the client of NATS: half of its 340 kB. Names stay, for stacks. */
async function shrink(folder) {
  for (const name of readdirSync(folder).filter((one) => one.startsWith('fleet-'))) {
    const file = join(folder, name);
    const minified = { minifyWhitespace: true, minifySyntax: true, format: 'esm', target: 'node20.9' };
    const { code } = await transform(readFileSync(file, 'utf8'), { ...minified, legalComments: 'eof' });
    writeFileSync(file, code);
  }
}

/**
 * Rewrites the static import of the first file to `import()`, so that the program itself says when a part is missing.
 * Node would say so with a stack.
 */
function loadWithCare(file) {
  const text = readFileSync(file, 'utf8');
  const changed = text.replace(
    /^import (\{[^}]*\}) from ("\.\/parts\/[^"]*");$/m,
    (_, names, part) =>
      `const ${names.replaceAll(' as ', ': ')} = await import(${part}).catch(endIncomplete);`,
  );
  if (/^import .*"\.|^\} from "\./m.test(changed) || !changed.includes('.catch(endIncomplete)'))
    throw new Error(`${file} does not load its code from one part`);
  writeFileSync(file, changed);
}

function partOf(module) {
  const name = module.replace(/^src\//, '').replace(/\.ts$/, '');
  return Object.keys(parts).find((part) => parts[part].includes(name)) ?? 'client';
}

/** Lists the modules that each part exports, and all those that are loaded together with it. */
function divide(inputs, entryPoint) {
  const importsOf = (module, isDynamic) =>
    inputs[module].imports
      .filter(({ external, kind }) => !external && (kind === 'dynamic-import') === isDynamic)
      .map(({ path }) => path);
  const loaded = [...new Set(Object.keys(inputs).flatMap((module) => importsOf(module, true)))];
  const listed = Object.values(parts).flatMap((names) => names.map((name) => `src/${name}.ts`));
  const missing = listed.find((module) => inputs[module] === undefined);
  if (missing !== undefined) throw new Error(`The program has no ${missing}`);
  const all = new Set([...listed, ...loaded]);
  const members = new Map(
    Object.keys(parts).map((part) => [part, [...all].filter((module) => partOf(module) === part)]),
  );
  checkExports([...members.values()]);

  function reach(modules) {
    const reached = new Set(modules);
    for (const module of reached) for (const path of importsOf(module, false)) reached.add(path);
    return reached;
  }
  const heads = new Map([['', [entryPoint]], ...members]);
  const reached = new Map([...heads].map(([head, modules]) => [head, reach(modules)]));
  const homes = new Map();
  for (const [head, modules] of reached) {
    for (const module of modules) if (!homes.has(module)) homes.set(module, head);
  }
  // The entry point waits for the parts, so none of them may load it.
  const isShared = (module) => module.endsWith('.ts') && module !== entryPoint;
  const together = new Map();
  for (const [head, modules] of reached) {
    const all = new Set(modules);
    for (const module of all) for (const other of reached.get(homes.get(module))) all.add(other);
    together.set(head, [...all].filter(isShared));
  }
  return { members, together };
}

/** Two modules of one part may not export the same name: `export *` would leave out both. */
function checkExports(membersOfParts) {
  for (const modules of membersOfParts) {
    const names = modules.flatMap((module) => [
      ...readFileSync(module, 'utf8').matchAll(/^export (?:async )?(?:function|const|class) (\w+)/gm),
    ]);
    const twice = names.find(([, name], index) => names.findIndex((other) => other[1] === name) < index);
    if (twice !== undefined) throw new Error(`Two modules of one part export ${twice[1]}`);
  }
}
