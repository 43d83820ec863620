import { expect, test } from 'vitest';
import { summarizePlan } from '../../src/cli/describe-plan.ts';
import { allRuns, debian, install, uninstall } from '../support/installing.ts';

test('a summary names a file that is written twice as one file', () => {
  const disk = debian(allRuns);
  install(disk, '0.9.0');
  const manifest = '/var/lib/docker-lifecycle-listener/installed.json';
  expect(summarizePlan(install(disk)).join('\n').split('\n')).toContain(`  write   ${manifest}`);
});

test('a summary names no folder above what is removed that holds the rest of the system', () => {
  const disk = debian(allRuns);
  install(disk);
  const places = summarizePlan(uninstall(disk)).flatMap((line) => /^ {2}remove +(\S+)/.exec(line)?.[1] ?? []);
  expect(places).toContain('/usr/local/');
  expect(places).not.toContain('/');
});
