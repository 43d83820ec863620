import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SharedFolderWatches, watchFolder } from '../../../src/watch/host/folder-watch.ts';
import { needing } from '../../support/needs.ts';
import { waitFor } from '../../support/wait-for.ts';

let base: string;
let ending: AbortController;
let news: (string | undefined)[];
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'dll-watch-'));
  ending = new AbortController();
  news = [];
});
afterEach(() => {
  ending.abort();
  rmSync(base, { recursive: true, force: true });
});

function watch(folder: string): void {
  const changed = (name: string | undefined) => void news.push(name);
  watchFolder(folder, { changed, degraded: (_, error) => expect.fail(String(error)) }, ending.signal);
}

/** Makes an entry, and waits until it is told by its name, or that all is to be looked at anew. */
async function seen(folder: string, name: string): Promise<void> {
  // What is on its way still is no news of this.
  await new Promise((resolve) => setTimeout(resolve, 30));
  news.length = 0;
  writeFileSync(join(folder, name), '');
  await waitFor(() => news.includes(name) || news.includes(undefined));
}

test('reports entries that come, change and go, by their names', async () => {
  watch(base);
  await seen(base, 'docker.pid');
  news.length = 0;
  writeFileSync(join(base, 'docker.pid'), '1');
  await waitFor(() => news.includes('docker.pid'));
  news.length = 0;
  rmSync(join(base, 'docker.pid'));
  await waitFor(() => news.includes('docker.pid'));
});

test('what the system dropped because too much else happened is looked for', needing('linux'), async () => {
  const other = join(base, 'other');
  mkdirSync(other);
  watch(base);
  watchFolder(other, { changed: () => {}, degraded: () => {} }, ending.signal);
  await seen(base, 'docker.pid');
  // Held up meanwhile, as by SIGSTOP. Each entry is news twice.
  const limit = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'));
  news.length = 0;
  for (let entry = 0; entry <= limit / 2; entry++) {
    writeFileSync(join(other, String(entry)), '');
    rmSync(join(other, String(entry)));
  }
  rmSync(join(base, 'docker.pid'));
  await waitFor(() => news.includes(undefined));
  expect(news).toEqual([undefined]);
});

test('a folder that does not exist yet is waited for, however deep', async () => {
  const folder = join(base, 'run', 'user', '1000');
  watch(folder);
  mkdirSync(join(base, 'run'));
  await new Promise((resolve) => setTimeout(resolve, 20));
  mkdirSync(folder, { recursive: true });
  await waitFor(() => news.includes(undefined));
  await seen(folder, 'docker.sock');
});

test('a folder that is removed and made again, again and again, is watched on', async () => {
  const folder = join(base, 'run');
  mkdirSync(folder);
  watch(folder);
  for (let round = 0; round < 3; round++) {
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    await waitFor(() => news.includes(undefined));
    await seen(folder, `docker-${round}.pid`);
    news.length = 0;
  }
});

test('a folder that is replaced by another is watched in its place', async () => {
  const folder = join(base, 'run');
  mkdirSync(folder);
  mkdirSync(join(base, 'new'));
  watch(folder);
  renameSync(folder, join(base, 'old'));
  renameSync(join(base, 'new'), folder);
  await waitFor(() => news.includes(undefined));
  await seen(folder, 'docker.pid');
});

test('a file where a folder should be, or on the way there, is waited out', async () => {
  writeFileSync(join(base, 'run'), 'a file');
  watch(join(base, 'run'));
  watch(join(base, 'run', 'user'));
  rmSync(join(base, 'run'));
  mkdirSync(join(base, 'run', 'user'), { recursive: true });
  await seen(join(base, 'run'), 'docker.pid');
  await seen(join(base, 'run', 'user'), 'docker.sock');
});

test('a folder that may not be looked into is looked at slowly until it may', async () => {
  const closed = join(base, 'closed');
  const folder = join(closed, 'run', 'docker');
  mkdirSync(join(closed, 'run'), { recursive: true });
  chmodSync(closed, 0);
  const changed = (name: string | undefined) => void news.push(name);
  try {
    // Root may look anywhere, and is told at once.
    watchFolder(folder, { changed, degraded: () => {} }, ending.signal);
  } finally {
    chmodSync(closed, 0o755);
  }
  mkdirSync(folder);
  await waitFor(() => news.includes(undefined));
  await seen(folder, 'docker.pid');
});

test('several who look at one folder share its watch, and each hears of its own', async () => {
  const watches = new SharedFolderWatches(() => {}, ending.signal);
  const heard = { pid: 0, sock: 0 };
  watches.watch(base, ['docker.pid'], () => {
    heard.pid += 1;
  });
  watches.watch(base, ['docker.sock'], () => {
    heard.sock += 1;
  });
  writeFileSync(join(base, 'docker.sock'), '');
  writeFileSync(join(base, 'other'), '');
  await waitFor(() => heard.sock > 0);
  expect(heard.pid).toBe(0);
  const inotify = process.getActiveResourcesInfo().filter((name) => name === 'FSEventWrap');
  expect(inotify).toHaveLength(1);
});

test('nothing is left when it is ended', async () => {
  const left = () => process.getActiveResourcesInfo().filter((name) => /FSEvent|Timeout/.test(name)).length;
  const before = left();
  watch(base);
  watch(join(base, 'not', 'there'));
  expect(left()).toBeGreaterThan(before);
  ending.abort();
  await waitFor(() => left() <= before + 1);
  expect(process.getActiveResourcesInfo()).not.toContain('FSEventWrap');
});

/** Runs the real watch on `folder` in a process of its own, and a script beside it that shows what it heard. */
async function inProcess(prelude: string): Promise<string> {
  const module = join(base, 'watch.mjs');
  const source = fileURLToPath(new URL('../../../src/watch/host/folder-watch.ts', import.meta.url));
  await build({
    entryPoints: [source],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: module,
    logLevel: 'silent',
  });
  const script = join(base, 'script.mjs');
  writeFileSync(
    script,
    `import { watchFolder } from ${JSON.stringify(module)};
     import { execFileSync } from 'node:child_process';
     import { mkdirSync, writeFileSync } from 'node:fs';
     const base = ${JSON.stringify(base)};
     const heard = [];
     const ending = new AbortController();
     const handlers = {
       changed: (name) => heard.push(name ?? 'all'),
       degraded: () => heard.push('degraded'),
     };
     const until = async (what) => {
       for (let wait = 0; wait < 1000 && !heard.includes(what); wait++) await new Promise((r) => setTimeout(r, 10));
     };
     ${prelude}
     ending.abort();
     console.log(heard.join(' '));`,
  );
  return script;
}

test('a folder that is mounted over when it was made is watched', needing('linux', 'root'), async () => {
  const script = await inProcess(`
    watchFolder(base + '/user', handlers, ending.signal);
    mkdirSync(base + '/user');
    await until('all');
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', base + '/user']);
    heard.length = 0;
    await until('all');
    writeFileSync(base + '/user/docker.sock', '');
    await until('docker.sock');`);
  const heard = execFileSync('unshare', ['-m', process.execPath, script], { encoding: 'utf8' });
  expect(heard).toContain('docker.sock');
});

test('used-up limits are said once, and the folder looked at slowly', needing('linux', 'root'), async () => {
  const script = await inProcess(`
    watchFolder(base, handlers, ending.signal);
    writeFileSync(base + '/docker.pid', '');
    await until('all');
    await new Promise((r) => setTimeout(r, 2500));`);
  // A user namespace has limits of its own.
  const limited = 'echo 0 >/proc/sys/user/max_inotify_watches && exec "$0" "$1"';
  const child = spawn('unshare', ['-Ur', 'sh', '-c', limited, process.execPath, script], { stdio: 'pipe' });
  let heard = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    heard += text;
  });
  await waitFor(() => child.exitCode !== null && child.stdout.readableEnded);
  expect(heard.trim().split(' ')).toEqual(['degraded', 'all', 'all']);
});
