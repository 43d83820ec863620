// Makes the page that src/page is the source of: one HTML file in which %CONNECT% and "DATA" are left to be filled in.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { build } from 'esbuild';

const folder = fileURLToPath(new URL('../src/page/', import.meta.url));

/** The page in Brotli and base64, for the program. */
export async function compressedPage() {
  const bytes = brotliCompressSync(await page(), {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: 60_000 },
  });
  return bytes.toString('base64');
}

async function page() {
  const script = await bundled('client/main.ts');
  const style = await bundled('page.css');
  if (/<\/(script|style)|<!--/i.test(script + style))
    throw new Error('The page would end its own script or style');
  const parts = {
    '%SCRIPT-HASH%': hash(script),
    '%STYLE-HASH%': hash(style),
    '/* STYLE */': style,
    '/* SCRIPT */': script,
  };
  const template = readFileSync(`${folder}page.html`, 'utf8').replaceAll(/\n\s*/g, '\n');
  return template.replaceAll(/%(?:SCRIPT|STYLE)-HASH%|\/\* (?:SCRIPT|STYLE) \*\//g, (name) => parts[name]);
}

async function bundled(file) {
  const { outputFiles } = await build({
    entryPoints: [folder + file],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: ['chrome111', 'firefox113', 'safari16.4'],
    charset: 'utf8',
    logLevel: 'warning',
  });
  return outputFiles[0].text.trim();
}

/** As a Content-Security-Policy names what it allows. */
function hash(text) {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
