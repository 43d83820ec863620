// Takes docs/page.png, the picture of the page in the README, from a day that is made up:
// npm run build && node --import ./bench/support/typescript.js scripts/page-picture.js [FILE [dark] [WIDTH] [HEIGHT]]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { exampleHistory } from '../test/support/example-history.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const [file = `${root}docs/page.png`, scheme = 'light', width = '1120', height = '1056'] =
  process.argv.slice(2);
const now = Date.parse('2026-11-24T19:20:00Z');
const data = {
  kind: 'report',
  machine: 'docker1',
  made: new Date(now).toISOString(),
  entries: exampleHistory(now),
  engines: [{ name: 'default', url: 'unix:///var/run/docker.sock' }],
};

const state = mkdtempSync(join(tmpdir(), 'page-picture-'));
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  const words = ['history', '--html', '-', '--state-dir', state, '--config', 'none'];
  const { stdout } = spawnSync(process.execPath, [`${root}dist/docker-lifecycle-listener.js`, ...words], {
    encoding: 'utf8',
  });
  const html = stdout.replace(
    /(<script type="application\/json" id="data">).*?(<\/script>)/,
    (_, begin, end) => begin + JSON.stringify(data).replaceAll('<', '\\u003c') + end,
  );
  const page = await browser.newPage({
    viewport: { width: Number(width), height: Number(height) },
    colorScheme: scheme,
    reducedMotion: 'reduce',
    timezoneId: 'UTC',
    locale: 'en-GB',
  });
  page.on('console', (message) => console.error(message.text()));
  await page.clock.setFixedTime(now);
  await page.setContent(html);
  await page.locator('tbody tr').first().waitFor();
  await page.screenshot({ path: file });
} finally {
  await browser.close();
  rmSync(state, { recursive: true });
}
