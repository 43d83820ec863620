import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { openSession, withoutAnswers } from '../support/lab/record.ts';
import { becomes, bootInstallStage, type InstallStage } from './install-stage.ts';

/** Written anew with LAB_RECORD=1. */
const record = fileURLToPath(new URL('../../docs/session.md', import.meta.url));

let stage: InstallStage;
afterEach(() => stage?.clear());

test('a stranger finds what went wrong by status, history and doctor, and mends it by the line they print', async () => {
  stage = await bootInstallStage('26.1');
  const { machine } = stage;
  await becomes(machine, 'docker.service', 'active');
  const session = openSession(
    machine,
    '/home/user/node_modules/docker-lifecycle-listener',
    '/home/user/.nvm',
  );
  const { enter } = session;

  session.part('Install');
  const installed = await enter('node dist/docker-lifecycle-listener.js install', {
    to: /\[y\/N\]/,
    with: 'y',
  });
  expect(installed).toContain('docker-lifecycle-listener.service runs');
  await enter('install -m 755 examples/hooks/on_start/10-greet /etc/docker-lifecycle-listener.d/on_start/');
  await enter('install -m 755 examples/hooks/on_stop/10-farewell /etc/docker-lifecycle-listener.d/on_stop/');
  await enter('docker-lifecycle-listener hooks');
  await enter('docker-lifecycle-listener doctor');
  await enter('systemctl restart docker');
  await enter('docker-lifecycle-listener history');
  await enter('docker-lifecycle-listener history show 4');
  await enter('docker-lifecycle-listener status');

  session.part('Break');
  await enter('chmod g+w /etc/docker-lifecycle-listener.d/on_start/10-greet');
  await enter('systemctl stop docker');
  await enter('docker-lifecycle-listener status');
  await enter('docker-lifecycle-listener doctor');
  await enter('systemctl start docker');
  await enter('docker-lifecycle-listener status');
  await enter('docker-lifecycle-listener history');
  await enter('docker-lifecycle-listener history --failed');
  await enter('docker-lifecycle-listener history show 8');
  await enter('docker-lifecycle-listener doctor');
  await enter('docker-lifecycle-listener hooks');
  await enter('docker-lifecycle-listener logs');
  await enter('docker-lifecycle-listener');
  await enter('docker --help | grep -A1 -B1 lifecycle');
  await enter('docker lifecycle');
  await enter('docker lifecycle status');
  await enter('docker lifecycle history --failed');
  await enter('docker lifecycle doctor');
  await enter('docker lifecycle hooks');

  session.part('Mend');
  await enter('chmod g-w /etc/docker-lifecycle-listener.d/on_start/10-greet');
  await enter('docker lifecycle status');
  await enter('docker lifecycle trigger start');
  await enter('docker lifecycle status');
  await enter('docker lifecycle history');
  await enter('docker lifecycle doctor');

  writeFileSync('/tmp/session-draft.md', session.text());
  if (process.env.LAB_RECORD === '1') writeFileSync(record, session.text());
  expect(withoutAnswers(readFileSync(record, 'utf8'))).toBe(withoutAnswers(session.text()));
});
