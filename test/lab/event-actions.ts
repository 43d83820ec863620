import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLabEngine, type LabEngine } from '../support/lab/engine.ts';
import type { EngineVersion } from '../support/lab/folder.ts';
import { loadBusybox } from '../support/lab/images.ts';
import { createLabStage, type LabStage } from '../support/lab/stage.ts';
import { ofKind } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';

/** Hooks for single actions, on one real engine: the names that it gives, and the variables that come with them. */
export function describeEventActions(version: EngineVersion): void {
  describe(`Docker ${version}`, () => {
    let engine: LabEngine;
    let stage: LabStage;
    beforeEach(async () => {
      engine = await createLabEngine({ version });
      await engine.start();
      await loadBusybox(engine);
      stage = await createLabStage(engine);
    });
    afterEach(async () => {
      await stage?.clear();
      await engine?.clear();
    });

    /** Makes a hook that writes the line, which is a double-quoted word of a shell. */
    function writing(hook: string, line: string): void {
      mkdirSync(dirname(join(stage.hooks, hook)), { recursive: true });
      chmodSync(dirname(join(stage.hooks, hook)), 0o755);
      stage.hook(hook, `#!/bin/sh\necho "${line}" >>"${join(stage.folder, 'events')}"\n`);
    }

    function written(): string[] {
      const log = join(stage.folder, 'events');
      return existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : [];
    }

    test('docker cp runs the hooks of archive-path and extract-to-dir', async () => {
      writing('on_container_archive_path/10-write', '$1 $DOCKER_EVENT_ACTION $DOCKER_EVENT_NAME');
      writing('on_container_extract_to_dir/10-write', '$1 $DOCKER_EVENT_ACTION $DOCKER_EVENT_NAME');
      const listener = stage.listen('--no-notifier');
      await listener.next(0, ofKind('events-read'));
      await engine.docker(['create', '--name', 'web', 'busybox', 'true']);
      writeFileSync(join(engine.folder, 'note'), 'a note\n');
      await engine.docker(['cp', join(engine.folder, 'note'), 'web:/note']);
      await engine.docker(['cp', 'web:/note', join(engine.folder, 'copy')]);
      await waitFor(() => written().length >= 2);
      await listener.end();
      expect(written()).toEqual([
        'container_extract_to_dir extract-to-dir web',
        'container_archive_path archive-path web',
      ]);
    });

    test('an end that was asked for is told from one that was not', async () => {
      writing(
        'on_container_die/10-write',
        '$DOCKER_EVENT_NAME $DOCKER_EVENT_REQUESTED $DOCKER_EVENT_EXIT_CODE',
      );
      const listener = stage.listen('--no-notifier');
      await listener.next(0, ofKind('events-read'));
      let count = 0;
      const ended = () => waitFor(() => written().length >= count);
      const run = (name: string, ...words: string[]) =>
        engine.docker(['run', '--detach', '--name', name, 'busybox', ...words]);
      const trapping = ['sh', '-c', 'trap "exit 4" TERM HUP; while :; do sleep 0.1; done'];
      for (const [name, command] of [
        ['stopped', ['stop', '--time', '60']],
        ['killed', ['kill']],
        ['restarted', ['restart', '--time', '60']],
        ['removed', ['rm', '--force']],
        ['hung-up', ['kill', '--signal', 'HUP']],
      ] as const) {
        await run(name, ...trapping);
        await engine.docker([...command, name]);
        count += 1;
        await ended();
      }
      await run('by-itself', 'sh', '-c', 'exit 5');
      await run('crashed', 'sh', '-c', 'kill -SEGV $$; sleep 1');
      count += 2;
      await ended();
      await engine.docker(['stop', '--time', '60', 'restarted']);
      count += 1;
      await ended();
      await listener.end();
      const lines = written();
      expect(lines.slice(0, 5).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
        'stopped yes',
        'killed yes',
        'restarted yes',
        'removed yes',
        'hung-up yes',
      ]);
      expect(lines.slice(5, 7).sort()).toEqual([
        expect.stringMatching(/^by-itself no 5$/),
        expect.stringMatching(/^crashed no /),
      ]);
      expect(lines[7]).toMatch(/^restarted yes /);
    });
  });
}
