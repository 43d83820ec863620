import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createControlClient } from '../../src/listener/control/client.ts';
import { startEventEngine } from '../support/event-engine.ts';
import { needing } from '../support/needs.ts';
import { createStage, endProcess, hooksDone, ofKind, type Stage } from '../support/stage.ts';
import { expectAccessible, inBrowser } from './browser.ts';

const look = inBrowser();
let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
  stage.hook('on_start/10-a', '#!/bin/sh\necho routes are there\n');
  stage.hook('on_start/20-fails', '#!/bin/sh\necho no route >&2\nexit 3\n');
  stage.hook('on_stop/10-a');
});
afterEach(() => stage.clear());

const address = async () => {
  const answer = await createControlClient(stage.control).post('/v1/page');
  return (answer as { url: string }).url;
};
const getStatus = () => createControlClient(stage.control).get('/v1/status');
const headline = (page: Page) => page.locator('.headline h2').textContent();
const count = (page: Page, label: string) =>
  page.locator('.figures div', { hasText: label }).locator('dd').textContent();

describe('the page', needing('chromium'), () => {
  test('it shows what happens as it happens, and asks only the listener that serves it', async () => {
    const listener = stage.listen();
    await listener.next(0, ofKind('engine-is-down'));
    const url = await address();
    const { page, asked, complaints } = await look(url);
    await expect.poll(() => headline(page)).toContain('Docker is down');
    await page.getByText('Live', { exact: true }).waitFor();
    await expectAccessible(page);

    const engine = stage.startEngine();
    await expect.poll(() => headline(page)).toContain('Docker is up');
    expect(await page.getByRole('status').textContent()).toBe('Docker started');
    await page.getByText('One hook needs a look').waitFor();
    await page.getByText('no route').first().waitFor();
    expect(await count(page, 'start')).toBe('1');
    await expectAccessible(page);

    // What it printed is asked for.
    await page.getByRole('table').getByRole('button', { name: 'on_start/10-a' }).click();
    await page.getByText('routes are there').waitFor();
    await page.keyboard.press('Escape');

    // Mended, and Docker killed and started again.
    stage.hook('on_start/20-fails', '#!/bin/sh\n');
    await endProcess(engine, 'SIGKILL');
    await expect.poll(() => headline(page)).toContain('Docker is down');
    expect(await count(page, 'crash')).toBe('1');
    const from = listener.lines.length;
    stage.startEngine();
    await listener.next(from, hooksDone('start'));
    await expect.poll(() => headline(page)).toContain('Docker is up');
    await expect.poll(() => page.locator('#attention').isVisible()).toBe(false);

    const origin = new URL(url).origin;
    const elsewhere = asked.filter((one) => !one.startsWith('data:') && new URL(one).origin !== origin);
    expect(elsewhere).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('a hook that runs is shown with how long, and what waits behind it', async () => {
    stage.hook('on_start/10-a', '#!/bin/sh\nsleep 60\n');
    const listener = stage.listen();
    await listener.next(0, ofKind('engine-is-down'));
    const { page } = await look(await address(), {
      colorScheme: 'dark',
      viewport: { width: 390, height: 844 },
    });
    await page.getByText('Live', { exact: true }).waitFor();
    stage.startEngine();
    await page.getByText(/on_start\/10-a runs for \d+ s/).waitFor();
    await expectAccessible(page);
    await page.close();
  });

  test('a hook that is retried, and one that collects events, are shown', async () => {
    const config = join(stage.folder, 'settings.toml');
    const settings = [
      '[on_start."20-fails"]\nretry = 3\nretry_wait = "1h"',
      '[on_container_start."10-reload"]\ndebounce = "1h"\nat_most = "1h"',
    ];
    writeFileSync(config, settings.join('\n'), { mode: 0o600 });
    mkdirSync(join(stage.hooks, 'on_container_start'), { mode: 0o755 });
    stage.hook('on_container_start/10-reload');
    const engine = await startEventEngine(stage.socket);
    onTestFinished(() => engine.end());
    const listener = stage.listen('--config', config);
    await listener.next(0, ofKind('events-read'));
    await listener.next(0, ofKind('hook-retries'));
    for (const id of ['a', 'b', 'c']) engine.model.start(id);
    await expect.poll(async () => JSON.stringify(await getStatus())).toContain('"events":3');
    const { page } = await look(await address());
    await page.getByText(/on_start\/20-fails failed: attempt 2 of 4 at /).waitFor();
    await page.getByText(/on_container_start\/10-reload collects: 3 events in \d+ s/).waitFor();
    await expectAccessible(page);
    await page.close();
  });

  test('a connection that is lost is said, and what happened meanwhile is there when it is back', async () => {
    const listener = stage.listen();
    await listener.next(0, ofKind('engine-is-down'));
    const url = new URL(await address());
    const port = Number(url.port);
    const sockets = new Set<Socket>();
    let isCut = false;
    const proxy = createServer((client) => {
      if (isCut) return void client.destroy();
      const server = connect(port, '127.0.0.1');
      for (const socket of [client, server]) {
        sockets.add(socket);
        socket.on('error', () => {
          client.destroy();
          server.destroy();
        });
      }
      client.pipe(server).pipe(client);
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void proxy.close());
    await once(proxy, 'listening');
    url.port = String((proxy.address() as AddressInfo).port);

    const { page } = await look(url.href);
    await page.getByText('Live', { exact: true }).waitFor();
    isCut = true;
    for (const socket of sockets) socket.destroy();
    await page.getByText('Connection lost').first().waitFor();
    expect(await page.getByText('docker-lifecycle-listener status --web').isVisible()).toBe(true);
    await expectAccessible(page);
    stage.startEngine();
    await listener.next(0, hooksDone('start'));
    expect(await headline(page)).toContain('Docker is down');
    isCut = false;
    await page.getByText('Live', { exact: true }).waitFor();
    await expect.poll(() => headline(page)).toContain('Docker is up');
    await page.close();
  });
});
