import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContextOptions, type Page, chromium as playwright } from 'playwright-core';
import { afterAll, expect } from 'vitest';
import { chromium } from '../support/needs.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A page in the browser, and what it did that it should not. */
export interface Looked {
  readonly page: Page;
  /** Every address that was asked for. */
  readonly asked: readonly string[];
  /** What the browser complained of: errors, and what the page's policy did not let through. */
  readonly complaints: readonly string[];
}

/**
 * Opens pages in a browser that the tests of a file share; they need `chromium`.
 * @param at what time it is for the page, in ms since the epoch, and stays; the real one where it is undefined
 */
export function inBrowser(at?: number): (url: string, options?: BrowserContextOptions) => Promise<Looked> {
  let browser: Browser | undefined;
  afterAll(() => browser?.close());

  return async (url, options = {}) => {
    // Chromium's own sandbox takes no root; what is shown here is ours.
    browser ??= await playwright.launch({ executablePath: chromium, args: ['--no-sandbox'] });
    const size = { width: 1120, height: 900 };
    const page = await browser.newPage({
      viewport: size,
      timezoneId: 'UTC',
      locale: 'en-GB',
      reducedMotion: 'reduce',
      ...options,
    });
    const asked: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`));
    if (at !== undefined) await page.clock.setFixedTime(at);
    await page.goto(url);
    return { page, asked, complaints };
  };
}

/** Expects that axe-core finds nothing wrong with the page as it is now. */
export async function expectAccessible(page: Page): Promise<void> {
  // Not as a script of the page, whose policy would not have it.
  await page.evaluate(axe);
  const found = (await page.evaluate('axe.run(document, { resultTypes: ["violations", "incomplete"] })')) as {
    violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
    incomplete: { id: string }[];
  };
  const problems = found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`),
  );
  expect(problems).toEqual([]);
}

/** Expects that nothing is wider than the screen. */
export async function expectNoSideways(page: Page): Promise<void> {
  const width = await page.evaluate('[document.documentElement.scrollWidth, innerWidth]');
  const [wanted = 0, there = 0] = width as number[];
  expect(wanted).toBeLessThanOrEqual(there);
}
