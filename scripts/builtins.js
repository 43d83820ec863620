// Has the built program load Node's own modules when they are needed.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** Modules that cost time and memory, and that most commands never use: each is loaded by the first call of a function. */
const late = [
  ...['child_process', 'crypto', 'fs/promises', 'http', 'net', 'readline', 'readline/promises'],
  ...['timers/promises', 'tls', 'worker_threads', 'zlib'],
].map((name) => `node:${name}`);

/**
 * Rewrites the imports of Node's modules in a file that esbuild made. `import` reads every export of such a module, which
 * loads more: for `node:fs` its streams, for `node:crypto` WebCrypto. `process.getBuiltinModule()` does not, which Node
 * has from 20.16 and 22.3 on, nor does `require()`.
 * @param isFirst whether it is the program's first file, of which functions are called before it is run to its end
 */
export function loadBuiltinsLate(file, isFirst) {
  const text = readFileSync(file, 'utf8');
  let isChanged = false;
  const changed = text.replace(/^import \{([^}]*)\} from "(node:[a-z0-9_/]+)";$/gm, (_, list, module) => {
    isChanged = true;
    const names = list.split(',').map((one) => one.trim().split(' as '));
    const [delayed, atOnce] = [true, false].map((isDelayed) =>
      names.filter(([name]) => (isFirst || isLate(module, name)) === isDelayed),
    );
    const taken = atOnce.map((name) => name.join(': ')).join(', ');
    return [
      ...(taken === '' ? [] : [`const { ${taken} } = builtin("${module}");`]),
      ...delayed.map(([name, here = name]) => lateFunction(module, name, here)),
    ].join('\n');
  });
  if (/^import (?!\{|"\.)/m.test(changed) || /\bbuiltin\(/.test(text))
    throw new Error(`${file} imports one of Node's modules in a way that is not known here`);
  if (!isChanged) return;
  const start =
    'import { createRequire } from "node:module";\nconst builtin = process.getBuiltinModule ?? createRequire(import.meta.url);\n';
  writeFileSync(
    file,
    changed.replace(/^(?:#!.*\n)?/, (first) => `${first}${start}`),
  );
}

/** A class is loaded at once, because `instanceof` and `extends` need it itself. */
function isLate(module, name) {
  return late.includes(module) && typeof require(module)[name] === 'function' && !/^[A-Z]/.test(name);
}

function lateFunction(module, name, here) {
  return `function ${here}(...words) {\n  return builtin("${module}").${name}(...words);\n}`;
}
