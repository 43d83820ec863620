import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { columns, openSession, withoutAnswers } from '../support/lab/record.ts';
import { room } from '../support/wait-for.ts';
import { becomes, bootInstallStage, type InstallStage } from './install-stage.ts';

/** What is played here, as it was on one day: written anew with LAB_RECORD=1. */
const record = fileURLToPath(new URL('../../docs/session.md', import.meta.url));

const refusal = 'on_start/10-greet refused: it is writable by group 0 (mode 0775)';
const cure = /^ +Run: (.*)$/m;

let stage: InstallStage;
afterEach(() => stage?.clear());

test('status, history and doctor each tell what went wrong, and the line that they print mends it', async () => {
  stage = await bootInstallStage('26.1');
  const { machine } = stage;
  await becomes(machine, 'docker.service', 'active');
  const session = openSession(
    machine,
    '/home/user/node_modules/docker-lifecycle-listener',
    '/home/user/.nvm',
  );
  const { part, say, enter } = session;

  part(
    'Install',
    `On a Debian with Docker 26.1, as root, in the folder of the package, which a user's npm has put there. The plan
is shown before anything is done, as a summary; \`install -v\` shows each step with its reason.`,
  );
  const installed = await enter('node dist/docker-lifecycle-listener.js install', {
    answer: { to: /\[y\/N\]/, with: 'y' },
  });
  expect(installed).toContain('docker-lifecycle-listener.service runs');
  say('A hook for each event, and a look at whether all is well.');
  await enter('install -m 755 examples/hooks/on_start/10-greet /etc/docker-lifecycle-listener.d/on_start/');
  await enter('install -m 755 examples/hooks/on_stop/10-farewell /etc/docker-lifecycle-listener.d/on_stop/');
  expect(await enter('docker-lifecycle-listener doctor')).not.toContain('WRONG');

  part(
    'Break it',
    `Somebody makes a hook writable by its group. A hook is looked at when it is its turn, so nothing happens yet. Then Docker is
stopped and started.`,
  );
  await enter('chmod g+w /etc/docker-lifecycle-listener.d/on_start/10-greet');
  await enter('systemctl stop docker');
  const down = await enter('docker-lifecycle-listener status');
  expect(down).toMatch(/: down since .*; shut down, reported by its service$/m);
  await enter('systemctl start docker');
  await happened(/10-greet refused/);

  part('What went wrong?', 'The greeting is missing. `status` tells what is, and what went wrong last:');
  const status = await enter('docker-lifecycle-listener status');
  expect(status).toMatch(/: up since .*, started, reported by Docker itself$/m);
  expect(status).toContain(refusal);
  const mend = cureOn(status);
  say('`history` tells what was: Docker stopped and its hook ran, Docker started and its hook did not.');
  const history = await enter('docker-lifecycle-listener history');
  expect(history).toMatch(/stop +Docker is stopping .*\n.*on_stop\/10-farewell succeeded after /);
  expect(history).toMatch(/start +Docker has started .*\n.*10-greet refused: /);
  expect(cureOn(history)).toBe(mend);
  say('One of them with all that is known of it, by its number:');
  const number = /^ *(\d+) .*refused/m.exec(history)?.[1];
  expect(cureOn(await enter(`docker-lifecycle-listener history show ${number}`))).toBe(mend);
  say('`doctor` looks at how things are now; it would have told the same before Docker was stopped:');
  const ill = await enter('docker-lifecycle-listener doctor');
  expect(ill.match(/^WRONG.*/gm)).toEqual([
    expect.stringMatching(/^WRONG {2}on_start\/10-greet +it is writable/),
  ]);
  expect(cureOn(ill)).toBe(mend);

  part('The same, asked of docker', 'Whoever thinks of `docker` first finds it there.');
  expect(await enter('docker --help | grep lifecycle')).toMatch(/^ {2}lifecycle\* +Run scripts when/);
  const asked = await enter('docker lifecycle status');
  expect(asked).toContain(refusal);
  expect(cureOn(asked)).toBe(mend);
  expect(cureOn(await enter('docker lifecycle history --failed'))).toBe(mend);
  expect(cureOn(await enter('docker lifecycle hooks'))).toBe(mend);
  expect(await enter('docker lifecycle doctor | grep -A1 WRONG')).toContain(mend);

  part('Mend it', 'The line that all of them print, as it is:');
  await enter(mend);
  expect(await enter('docker lifecycle hooks')).toMatch(/on_start\n +1\. 10-greet$/m);
  expect(await enter('docker lifecycle doctor | grep --count WRONG')).toBe('0');
  say('What was missed is made up for by hand; then `status` has nothing to tell any more.');
  expect(await enter('docker lifecycle trigger start')).toContain('on_start/10-greet succeeded after ');
  expect(await enter('docker lifecycle status')).not.toContain('Failing hooks');
  say('And the next time it goes by itself:');
  await enter('systemctl restart docker');
  await happened(/asked[\s\S]*started \(pid \d+\)\n.*10-greet succeeded/);
  expect(await enter('docker lifecycle history -n 5')).not.toContain('refused');

  part(
    'Where the listener itself does not run',
    'Somebody has stopped the service. `history` is read from the disk then, and `status` leads to `doctor`.',
  );
  await enter('systemctl stop docker-lifecycle-listener');
  expect(await enter('docker lifecycle status')).toMatch(/is not running.*\n.*: docker lifecycle doctor$/m);
  expect(await enter('docker lifecycle history -n 1')).toContain('on_start/10-greet succeeded');
  const stopped = await enter('docker lifecycle doctor | grep -A1 WRONG');
  expect(stopped).toMatch(/^WRONG {2}service +inactive/m);
  await enter(cureOn(stopped));
  expect(await enter('docker lifecycle status')).toMatch(/: up at least since /);

  const played = `${introduction}\n\n${session.text()}`;
  if (process.env.LAB_RECORD === '1') writeFileSync(record, played);
  expect(withoutAnswers(readFileSync(record, 'utf8'))).toBe(withoutAnswers(played));
});

const introduction = `# A session

Install, break a hook, and find out what went wrong from what the program says. What follows was typed into a real terminal
(tmux, 112 columns) on a real Docker, and is shown as it was:
\`LAB_RECORD=1 npm run test:lab -- session\` plays it again and writes this page.`;

/** The one command that a screen says would mend it, which has to be on one line of the terminal to be copied. */
function cureOn(screen: string): string {
  const [line, command] = cure.exec(screen) ?? [];
  if (line === undefined || command === undefined || line.length >= columns)
    throw new Error(`No cure in:\n${screen}`);
  return command;
}

/** Waits until the history has it, whatever is on the screen. */
async function happened(what: RegExp): Promise<void> {
  const deadline = Date.now() + room(30_000);
  for (;;) {
    const { stdout } = await stage.machine.attempt(['docker-lifecycle-listener', 'history']);
    if (what.test(stdout)) return;
    if (Date.now() > deadline) throw new Error(`Never happened, ${what}, but:\n${stdout}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
