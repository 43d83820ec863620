// Bundles the program into the one file that is installed: dist/docker-lifecycle-listener.js.
import { chmodSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const outfile = `${root}dist/docker-lifecycle-listener.js`;

rmSync(`${root}dist`, { recursive: true, force: true });
await build({
  entryPoints: [`${root}src/main.ts`],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.9',
  banner: { js: '#!/usr/bin/env node' },
  // The licence of what is bundled asks that its notice go along.
  legalComments: 'eof',
  logLevel: 'warning',
});
chmodSync(outfile, 0o755);
