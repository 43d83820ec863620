import { brotliDecompressSync } from 'node:zlib';
import type { PageData } from './page-data.ts';

/** The page as scripts/page.js makes it, in Brotli and base64; put in by the build, so that it costs little until asked for. */
declare const builtPage: string | undefined;

/**
 * The page as one HTML file that asks nothing of anybody else.
 * @throws Error where the program was not built
 */
export function pageHtml(data: PageData): string {
  if (typeof builtPage === 'undefined')
    throw new Error('The page is there only in the program that was built');
  const template = brotliDecompressSync(Buffer.from(builtPage, 'base64')).toString('utf8');
  const sources = data.kind === 'live' ? "'self'" : "'none'";
  return template.replace('%CONNECT%', () => sources).replace('"DATA"', () => inScript(data));
}

/** JSON that ends no script element, whatever names and outputs hold. */
export function inScript(data: PageData): string {
  return JSON.stringify(data).replaceAll('<', '\\u003c');
}
