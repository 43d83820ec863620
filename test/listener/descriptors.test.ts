import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { needing } from '../support/needs.ts';
import { createStage, program, type Stage } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
});
afterEach(() => stage.clear());

test('a hook inherits nothing that was left open for the listener', needing('linux', 'bash'), async () => {
  const list = join(stage.folder, 'list');
  // ls reads the folder itself through the last one. The pipes for its output are its three streams.
  stage.hook('on_start/10-list', `#!/bin/sh\nexec ls /proc/self/fd >"${list}.new"\n`);
  stage.hook('on_start/20-done', `#!/bin/sh\nmv "${list}.new" "${list}"\n`);
  stage.startEngine();
  const leave = 'exec 40</etc/passwd 200>/dev/null; exec "$@"';
  const words = [stage.hooks, String(stage.port), '--no-notifier', ...stage.place];
  const listener = spawn('bash', ['-c', leave, 'bash', process.execPath, program, ...words], {
    stdio: 'ignore',
  });
  try {
    await waitFor(() => existsSync(list));
    expect(readFileSync(list, 'utf8').trim().split('\n')).toEqual(['0', '1', '2', '3']);
  } finally {
    listener.kill();
    await once(listener, 'exit');
  }
});
