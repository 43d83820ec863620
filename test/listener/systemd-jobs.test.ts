import { expect, test } from 'vitest';
import { waitsForStop } from '../../src/listener/stop-deadlock.ts';
import { readJobs, waitsForUnit } from '../../src/listener/systemd-jobs.ts';

/** As systemd 257 printed it: backup.service is ordered after docker.service, whose stop waits for the companion. */
const output = `203 backup.service                                                        start waiting
└─  \twaiting for job 201 (docker.service/stop)                            -     -
202 docker-lifecycle-companion.service                                    stop  running
201 docker.service                                                        stop  waiting
└─  \twaiting for job 202 (docker-lifecycle-companion.service/stop) -     -
210 web.service                                                           start running
211 app.service                                                           start waiting
└─  \twaiting for job 210 (web.service/start)                              -     -
`;

test('jobs are read with what each waits for', () => {
  expect([...readJobs(output)]).toEqual([
    [203, { unit: 'backup.service', waitsFor: [201] }],
    [202, { unit: 'docker-lifecycle-companion.service', waitsFor: [] }],
    [201, { unit: 'docker.service', waitsFor: [202] }],
    [210, { unit: 'web.service', waitsFor: [] }],
    [211, { unit: 'app.service', waitsFor: [210] }],
  ]);
  expect(readJobs('No jobs running.\n').size).toBe(0);
  expect(readJobs('').size).toBe(0);
});

test.each([
  ['systemctl start backup', true],
  ['systemctl start backup.service', true],
  ['systemctl --quiet stop docker', true],
  ['/usr/bin/systemctl restart docker-lifecycle-companion', true],
  ['systemctl start app backup', true],
  ['systemctl start app', false],
  ['systemctl stop web', false],
  ['systemctl is-active', false],
  ['systemctl', false],
  ['systemctl start backup.timer', false],
])('whether “%s” waits for Docker’s stop: %s', (command, does) => {
  expect(waitsForStop(readJobs(output), command.split(' '))).toBe(does);
});

test('jobs that wait for each other are an end too', () => {
  const jobs = new Map([
    [1, { unit: 'a.service', waitsFor: [2] }],
    [2, { unit: 'b.service', waitsFor: [1, 3] }],
  ]);
  expect(waitsForUnit(jobs, 'a.service', 'c.service')).toBe(false);
  expect(waitsForUnit(jobs, 'a.service', 'b.service')).toBe(true);
});
