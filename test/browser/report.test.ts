import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HistoryEntry } from '../../src/listener/journal/history.ts';
import type { Report } from '../../src/listener/page-data.ts';
import { inScript } from '../../src/listener/page-html.ts';
import { exampleHistory } from '../support/example-history.ts';
import { needing } from '../support/needs.ts';
import { program } from '../support/stage.ts';
import { expectAccessible, expectNoSideways, inBrowser } from './browser.ts';

const now = Date.parse('2026-11-24T19:20:00Z');
// A report that is looked at on another day shows days.
const look = inBrowser(now);
let folder: string;
let empty: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dll-page-'));
  const words = ['history', '--html', '-', '--state-dir', join(folder, 'none'), '--config', 'none'];
  empty = spawnSync(process.execPath, [program, ...words], { encoding: 'utf8' }).stdout;
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A report as the program writes it, with other data in it; the address of its file. */
function report(entries: readonly HistoryEntry[], more: Partial<Report> = {}): string {
  const data: Report = {
    kind: 'report',
    machine: 'docker1',
    made: new Date(now).toISOString(),
    entries,
    engines: [{ name: 'default', url: 'unix:///var/run/docker.sock' }],
    ...more,
  };
  const file = join(folder, 'report.html');
  writeFileSync(
    file,
    empty.replace(/(id="data">).*?(<\/script>)/, (_, begin, end) => begin + inScript(data) + end),
  );
  return pathToFileURL(file).href;
}

const day = exampleHistory(now);

describe('the page', needing('chromium'), () => {
  describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
    test.each([
      ['a wide screen', 1280, 900],
      ['a phone', 390, 844],
      ['a very small phone', 320, 568],
    ])('on %s axe finds nothing, and nothing is cut off', async (_, width, height) => {
      const { page, complaints } = await look(report(day), { colorScheme, viewport: { width, height } });
      await expectAccessible(page);
      await expectNoSideways(page);
      await page.getByRole('button', { name: 'on_start/20-vpn' }).first().click();
      await page.getByText('handshake with 203.0.113.7').waitFor();
      await expectAccessible(page);
      expect(complaints).toEqual([]);
      await page.close();
    });
  });

  test('it asks nothing of anybody', async () => {
    const url = report(day);
    const { page, asked, complaints } = await look(url);
    await page.getByRole('button', { name: 'on_start/20-vpn' }).first().click();
    expect(asked.filter((address) => !address.startsWith('data:'))).toEqual([url]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('the table has all that the picture shows, and a part of it when asked', async () => {
    const { page } = await look(report(day));
    const rows = page.getByRole('table', { name: 'What happened' }).getByRole('row');
    expect(await rows.count()).toBe(day.length + 1);
    await page.getByRole('radio', { name: 'Went wrong' }).check();
    await expect.poll(() => rows.count()).toBe(1 + 4);
    await page.getByRole('radio', { name: 'Docker' }).check();
    await expect.poll(() => rows.count()).toBe(1 + 7);
    await page.close();
  });

  test('nothing that happened is said in words, too', async () => {
    const { page, complaints } = await look(report([]));
    expect(await page.locator('.page').textContent()).toContain('Nothing has happened yet.');
    await expectAccessible(page);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('a thousand entries are drawn, a hundred rows at a time', async () => {
    const many = Array.from({ length: 40 }, () => exampleHistory(now)).flat();
    const entries = many.map((entry, index) => ({ ...entry, number: index + 1 }));
    const { page, complaints } = await look(report(entries));
    const rows = page.locator('tbody tr');
    expect(await rows.count()).toBe(100);
    await page.getByRole('button', { name: 'Show 100 older' }).click();
    await expect.poll(() => rows.count()).toBe(200);
    expect(complaints).toEqual([]);
    await page.close();
  });

  describe('by the keyboard alone', () => {
    test('the marks are one stop, the arrows lead from one to the next, and Esc leads back', async () => {
      const { page } = await look(report(day));
      const focused = () => page.evaluate('document.activeElement.getAttribute("aria-label") ?? ""');
      await page.getByRole('radio', { name: '24 h' }).focus();
      await page.keyboard.press('Tab');
      expect(await focused()).toMatch(/Docker (started|was shut down)/);
      await page.keyboard.press('ArrowDown');
      expect(await focused()).toMatch(/^on_start\/10-routes, succeeded, 16:26:00/);
      await page.keyboard.press('ArrowDown');
      expect(await focused()).toMatch(/^on_start\/20-vpn, failed with exit code 3, 16:26/);
      await page.keyboard.press('Home');
      expect(await focused()).toMatch(/^on_start\/20-vpn, succeeded/);
      await page.keyboard.press('ArrowLeft');
      expect(await focused()).toMatch(/^on_start\/20-vpn, succeeded/);
      await page.keyboard.press('End');
      await page.keyboard.press('Enter');
      const dialog = page.getByRole('dialog', { name: 'on_start/20-vpn' });
      expect(await dialog.isVisible()).toBe(true);
      expect(await dialog.textContent()).toContain('error: no route to 10.20.0.1');
      await page.keyboard.press('Escape');
      expect(await dialog.isVisible()).toBe(false);
      expect(await focused()).toMatch(/^on_start\/20-vpn, failed/);
      // One stop: the next Tab leaves the picture.
      await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.closest("#lanes")')).toBeNull();
      await page.close();
    });

    test('a choice keeps the focus while the page is drawn anew', async () => {
      const { page } = await look(report(day));
      await page.getByRole('radio', { name: '24 h' }).focus();
      await page.keyboard.press('ArrowLeft');
      await expect.poll(() => page.evaluate('document.activeElement.value')).toBe('6h');
      await expect.poll(() => page.locator('.sub ~ *, .figures').first().textContent()).toContain('6 hours');
      await page.keyboard.press('ArrowLeft');
      await expect.poll(() => page.evaluate('document.activeElement.value')).toBe('1h');
      await page.close();
    });
  });

  describe('whatever hooks are called and print, it is shown and nothing more', () => {
    const evil = [
      '<img src=x onerror=alert(1)>',
      '</script><script>alert(1)</script>',
      '<!--<script>',
      '"><svg/onload=alert(1)>',
      '\u202egnp.txt\u0007\u001b[31m',
      "'; drop table hooks; --",
      'x'.repeat(255),
    ];
    const entries = evil.map((name, index): HistoryEntry => {
      const [told] = day;
      if (told?.kind !== 'transition') throw new Error('The example begins with a transition');
      const end = {
        outcome: { kind: 'exited' as const, code: 1 },
        durationMs: 1,
        output: `${name}\n`,
        outputBytes: name.length + 1,
      };
      const time = new Date(now - index * 60_000).toISOString();
      return {
        kind: 'run',
        number: index + 1,
        time,
        hook: `on_start/${name}`,
        run: `${index}`,
        transition: { ...told.transition, engine: evil[0] ?? '' },
        end,
      };
    });

    test.each([390, 1120])('%d pixels wide', async (width) => {
      const url = report(entries, {
        machine: evil[1] ?? '',
        engines: [{ name: evil[0] ?? '', url: evil[3] ?? '' }],
      });
      const { page, complaints, asked } = await look(url, { viewport: { width, height: 800 } });
      const text = await page.locator('.page').textContent();
      for (const name of evil.slice(0, 4)) expect(text).toContain(name);
      expect(text).toContain('\\u202egnp.txt\\x07\\x1b[31m');
      expect(await page.locator('img').count()).toBe(0);
      expect(await page.locator('script').count()).toBe(2);
      await page.locator('tbody button').first().click();
      await page.getByRole('dialog').waitFor();
      expect(await page.locator('dialog img, dialog script, dialog svg[onload]').count()).toBe(0);
      expect(complaints).toEqual([]);
      expect(asked.filter((address) => !address.startsWith('data:'))).toEqual([url]);
      await page.keyboard.press('Escape');
      await expectAccessible(page);
      await expectNoSideways(page);
      await page.close();
    });
  });

  test('its own policy keeps out what it did not bring', async () => {
    const { page, complaints } = await look(report(day));
    await page.evaluate(`
    const script = document.createElement('script');
    try { script.textContent = 'window.intruder = true'; } catch {}
    document.head.append(script);
    const image = document.createElement('img');
    image.src = 'http://127.0.0.1:1/x.png';
    document.body.append(image);
    fetch('http://127.0.0.1:1/').catch(() => {});
  `);
    await expect.poll(() => complaints.length).toBeGreaterThan(1);
    expect(await page.evaluate('window.intruder')).toBeUndefined();
    await page.close();
  });
});
