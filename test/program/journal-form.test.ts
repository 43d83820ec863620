import { spawn, spawnSync } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createStage, endProcess, program, type Stage } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';

// systemd has JOURNAL_STREAM name the stream that goes to its journal, by device and inode: here that of a file.

let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
});
afterEach(() => stage.clear());

/** Starts the listener with its output in a file, until it has said that it runs. */
async function logOf(isJournal: boolean, ...words: string[]): Promise<string[]> {
  const path = join(stage.folder, 'log');
  const descriptor = openSync(path, 'a');
  const { dev, ino } = fstatSync(descriptor);
  const listener = spawn(
    process.execPath,
    [program, stage.hooks, ...stage.place, '--no-notifier', ...words],
    {
      env: { ...process.env, JOURNAL_STREAM: `${dev}:${isJournal ? ino : ino + 1}` },
      stdio: ['ignore', descriptor, descriptor],
    },
  );
  closeSync(descriptor);
  const text = () => readFileSync(path, 'utf8');
  await waitFor(() => text().includes('waiting for it'));
  await endProcess(listener, 'SIGTERM');
  return text().trimEnd().split('\n');
}

test('the journal gets a priority with each line, and no time', async () => {
  stage.hook('on_start/10-a', '#!/bin/sh\n', 0o755);
  const lines = await logOf(true, '--verbose');
  expect(lines[0]).toMatch(/^<6>docker-lifecycle-listener \S+ started/);
  expect(lines.every((line) => /^<[3467]>\S/.test(line))).toBe(true);
  expect(lines.filter((line) => line.startsWith('<7>')).join()).toContain('Answering on');
});

test('the journal gets JSON with its time, and the priority before it', async () => {
  const lines = await logOf(true, '--log-format', 'json');
  expect(lines[0]).toMatch(/^<6>\{"time":/);
});

test('another stream, as of a shell that redirects its output, gets the time and no priority', async () => {
  const lines = await logOf(false);
  expect(lines[0]).toMatch(/^\d{4}-\S+ docker-lifecycle-listener \S+ started/);
});

test('an error that ends the program has its priority on each line', () => {
  const path = join(stage.folder, 'errors');
  const descriptor = openSync(path, 'a');
  const { dev, ino } = fstatSync(descriptor);
  const { status } = spawnSync(process.execPath, [program, '/does/not/exist', '--config', 'none'], {
    env: { ...process.env, JOURNAL_STREAM: `${dev}:${ino}` },
    stdio: ['ignore', 'ignore', descriptor],
  });
  closeSync(descriptor);
  expect(status).toBe(64);
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  expect(lines[0]).toMatch(/^<3>docker-lifecycle-listener: .*\/does\/not\/exist/);
  expect(lines.length).toBeGreaterThan(1);
  expect(lines.every((line) => line.startsWith('<3>'))).toBe(true);
});
