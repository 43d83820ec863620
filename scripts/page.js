// Makes the page that src/page is the source of: one HTML file in which %CONNECT% and "DATA" are left to be filled in.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = `${root}src/page/`;

/** Returns the page in Brotli and base64, for the program, and the paths of all that is in it. */
export async function compressedPage() {
  const { html, inputs } = await page();
  const bytes = brotliCompressSync(html, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: 60_000 },
  });
  return { text: bytes.toString('base64'), inputs };
}

async function page() {
  const [{ text: script, inputs }, { text: style, inputs: styles }] = await Promise.all([
    bundled('client/main.ts'),
    bundled('page.css'),
  ]);
  if (/<\/(script|style)|<!--/i.test(script + style))
    throw new Error('The page would end its own script or style');
  const parts = {
    '%SCRIPT-HASH%': hash(script),
    '%STYLE-HASH%': hash(style),
    '/* STYLE */': style,
    '/* SCRIPT */': script,
  };
  const template = readFileSync(`${folder}page.html`, 'utf8').replaceAll(/\n\s*/g, '\n');
  const html = template.replaceAll(
    /%(?:SCRIPT|STYLE)-HASH%|\/\* (?:SCRIPT|STYLE) \*\//g,
    (name) => parts[name],
  );
  return { html, inputs: [...inputs, ...styles] };
}

async function bundled(file) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [folder + file],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: ['chrome111', 'firefox113', 'safari16.4'],
    charset: 'utf8',
    logLevel: 'warning',
    metafile: true,
  });
  return { text: outputFiles[0].text.trim(), inputs: Object.keys(metafile.inputs) };
}

/** As a Content-Security-Policy names what it allows. */
function hash(text) {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
