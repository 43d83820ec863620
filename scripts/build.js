// Makes what is shipped: the program and its parts, the library in one file, the library's types, and the manual page.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { thirdPartyNotices } from './notices.js';
import { compressedPage } from './page.js';
import { buildInParts } from './parts.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const program = join(dist, 'docker-lifecycle-listener.js');
const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.9',
  // The notifier's files are in the program, so that it can build its image wherever it is.
  loader: { '.sh': 'text', '': 'text' },
  // The licence of what is bundled asks that its notice go along.
  legalComments: 'eof',
  logLevel: 'warning',
  metafile: true,
};

rmSync(dist, { recursive: true, force: true });
const page = await compressedPage();
const built = await Promise.all([
  buildInParts(
    {
      ...common,
      entryPoints: { 'docker-lifecycle-listener': 'src/main.ts' },
      outdir: dist,
      define: { builtPage: JSON.stringify(page.text) },
    },
    'src/main.ts',
  ),
  build({
    ...common,
    entryPoints: [join(root, 'src/watch/index.ts')],
    outfile: join(dist, 'index.js'),
    // The library's file is not what root installs: a fifth less to download.
    minifyWhitespace: true,
  }),
]);
const inputs = [...built.flatMap(({ metafile }) => Object.keys(metafile.inputs)), ...page.inputs];
writeFileSync(join(dist, 'THIRD-PARTY-NOTICES'), thirdPartyNotices(root, inputs));
chmodSync(program, 0o755);
declareTypes();
mkdirSync(join(dist, 'man'));
const manual = execFileSync(process.execPath, [program, 'help', '--man']);
writeFileSync(join(dist, 'man', 'docker-lifecycle-listener.1'), manual);

/** All that the library exports is declared in the one file that exports it, so its types are one file too. */
function declareTypes() {
  // Not its bin/tsc, which has no extension: for Node 20.9 that is no module.
  const compiler = join(
    dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
    'lib/tsc.js',
  );
  const folder = join(dist, 'types');
  execFileSync(process.execPath, [compiler, '-p', 'tsconfig.library.json', '--outDir', folder], {
    cwd: root,
    stdio: 'inherit',
  });
  const types = join(dist, 'index.d.ts');
  copyFileSync(join(folder, 'watch', 'index.d.ts'), types);
  rmSync(folder, { recursive: true });
  if (/^(?:import|export) .*\bfrom '|\bimport\(/m.test(readFileSync(types, 'utf8'))) {
    throw new Error('The types of the library name those of other files: declare them in src/watch/index.ts');
  }
}
