// Lets Node run TypeScript where it cannot do so itself (before 22.18): node --import ./bench/support/typescript.js FILE
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

if (isMainThread && !process.features.typescript) register(import.meta.url);

/** Module hook: https://nodejs.org/docs/latest-v20.x/api/module.html#loadurl-context-nextload */
export async function load(url, context, nextLoad) {
  if (!url.endsWith('.ts')) return nextLoad(url, context);
  const { transform } = await import('esbuild');
  const { source } = await nextLoad(url, { ...context, format: 'module' });
  const { code } = await transform(source.toString(), {
    loader: 'ts',
    target: 'node20.9',
    // Node has them, and needs them for JSON.
    supported: { 'import-attributes': true },
    sourcemap: 'inline',
  });
  return { format: 'module', source: code, shortCircuit: true };
}
