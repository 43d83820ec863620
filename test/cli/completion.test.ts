import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { needing } from '../support/needs.ts';
import { runProgram } from '../support/program.ts';
import { runCommand } from '../support/run-command.ts';
import { createStage, ofKind, program, type Stage } from '../support/stage.ts';
import { openTerminal } from '../support/terminal.ts';
import { room } from '../support/wait-for.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
});
afterEach(() => stage.clear());

const environment = () => ({
  PATH: `${stage.folder}/bin:${process.env.PATH}`,
  HOME: stage.folder,
  DOCKER_CONFIG: join(stage.folder, 'docker'),
});

function literally(text: string): string {
  return text.replaceAll(/[.*+?^$()[\]{}|\\]/g, '\\$&');
}

/** What is offered for the last word of a line, each without what it does; and what else may stand there. */
async function offered(line: string): Promise<{ words: string[]; also: string | undefined }> {
  const words = line.split(' ');
  const { code, output, errors } = await runCommand(['__complete', ...words], { environment: environment() });
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  const lines = output.trimEnd().split('\n');
  return { also: lines.pop(), words: lines.map((row) => row.split('\t')[0] ?? '') };
}

describe('what is offered', () => {
  test.each([
    ['hist', ['history']],
    ['history s', ['show']],
    ['history --fa', ['--failed']],
    ['history --failed --fa', []],
    ['history --event ', ['start', 'stop']],
    ['history --event=st', ['--event=start', '--event=stop']],
    ['hooks new 10-a --event r', ['running']],
    ['hooks ', ['enable', 'disable', 'new']],
    ['hooks new ', []],
    ['trigger st', ['start', 'stop']],
    ['trigger start ', []],
    ['completion ', ['bash', 'zsh', 'fish']],
    ['plugin re', ['remove']],
    ['help un', ['uninstall']],
    ['--ver', ['--verbose', '--version']],
    ['/hooks --log-format j', ['json']],
    ['status --host', []],
    ['uninstall --p', ['--purge']],
    ['nonsense st', []],
  ])('%s', async (line, words) => {
    expect(await offered(line)).toEqual({ words, also: ':4' });
  });

  test('files and folders are left to the shell', async () => {
    for (const line of ['/et', 'run ', 'hooks --script-dir ', 'run / --state-dir=/va']) {
      expect(await offered(line)).toEqual({ words: [], also: ':16' });
    }
    for (const line of ['status --config ', 'run / --pidfile=/']) {
      expect(await offered(line)).toEqual({ words: [], also: ':0' });
    }
  });

  test('every command, with what it does', async () => {
    const { output } = await runCommand(['__complete', ''], { environment: environment() });
    expect(output).toContain('\ntrigger\trun the hooks of an event now\n');
    const { output: bare } = await runProgram(['__completeNoDesc', ''], { environment: environment() });
    expect(bare).not.toContain('\t');
    const { output: all } = await runProgram(['--help']);
    for (const name of bare.split('\n').slice(1, -2)) expect(all).toContain(`\n  ${name} `);
  });

  test('contexts, as docker has them', async () => {
    for (const name of ['far', 'farther', 'near']) {
      const id = createHash('sha256').update(name).digest('hex');
      const folder = join(stage.folder, 'docker', 'contexts', 'meta', id);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'meta.json'), JSON.stringify({ Name: name, Endpoints: {} }));
    }
    expect((await offered('wait start --context ')).words).toEqual(['default', 'far', 'farther', 'near']);
    expect((await offered('wait start -c fa')).words).toEqual(['far', 'farther']);
  });

  test('hooks and engines of the running listener, and hooks without one', async () => {
    for (const hook of ['on_start/10-a', 'on_start/20-b', 'on_stop/10-a']) stage.hook(hook);
    const all = ['on_start/10-a', '20-b', 'on_stop/10-a'];
    const words = ['--script-dir', stage.hooks, '--config', 'none', '--control'].join(' ');
    expect((await offered(`hooks ${words} none enable `)).words).toEqual(all);
    const listener = stage.listen();
    await listener.next(0, ofKind('engine-is-down'));
    const asking = `--config none --control ${stage.control}`;
    // A completion does without a listener that keeps a user waiting, as one may on a busy machine.
    const inTime = (line: string) =>
      expect.poll(async () => (await offered(line)).words, { timeout: room(), interval: 100 });
    await inTime(`trigger start ${asking} --hook `).toEqual(all);
    await inTime(`trigger start ${asking} --hook on_start/2`).toEqual(['on_start/20-b']);
    await inTime(`status ${asking} --engine `).toEqual([`unix://${stage.socket}`]);
  });
});

describe('in a shell', () => {
  const name = 'docker-lifecycle-listener';
  const shells = {
    bash: { words: ['bash', '--norc', '-i'], begin: `source <(${name} completion bash)` },
    zsh: {
      words: ['zsh', '-f', '-i'],
      begin: `autoload -U compinit; compinit -u -D; source <(${name} completion zsh)`,
    },
    'zsh, from its own folder': {
      words: ['zsh', '-f', '-i'],
      begin: `${name} completion zsh >_${name}; fpath=($PWD $fpath); autoload -U compinit; compinit -u -D`,
    },
    fish: { words: ['fish', '--no-config', '-i'], begin: `${name} completion fish | source` },
  } as const;

  for (const [title, { words, begin }] of Object.entries(shells)) {
    test(title, needing('tmux', words[0]), () => completes(words, begin));
  }

  async function completes([shell, ...options]: readonly string[], begin: string): Promise<void> {
    mkdirSync(join(stage.folder, 'bin'));
    symlinkSync(program, join(stage.folder, 'bin', name));
    writeFileSync(join(stage.folder, 'settings.toml'), '');
    for (const hook of ['on_start/10-a', 'on_start/20-b']) stage.hook(hook);
    const listener = stage.listen();
    await listener.next(0, ofKind('engine-is-down'));

    const terminal = openTerminal(['sh', '-c', 'cd && exec "$@"', 'sh', shell ?? '', ...options], {
      columns: 240,
      environment: environment(),
    });
    terminal.type(`${begin}; echo rea''dy`);
    terminal.press('Enter');
    await terminal.shows(/^ready/m);

    const asking = `--config none --control ${stage.control}`;
    for (const [begun, completed] of [
      ['hist', 'history'],
      ['history --fai', '--failed'],
      ['history --event sto', 'stop'],
      ['history --event=sto', '--event=stop'],
      [`trigger start ${asking} --hook 20`, '20-b'],
      [`status ${asking} --engine unix:///`, `unix://${stage.socket}`],
      [`hooks --script-dir ${stage.hooks}/on_sta`, `${stage.hooks}/on_start/`],
      [`status --config ${stage.folder}/sett`, `${stage.folder}/settings.toml`],
    ] as const) {
      const line = [...`${name} ${begun}`.split(' ').slice(0, -1), completed].join(' ');
      // A shell may put a space behind it.
      const shown = new RegExp(`${literally(line)}(\\s|$)`, 'm');
      // The program waits a moment for its listener, which may be too busy to answer by then: as a user does, press again.
      const deadline = Date.now() + room(60_000);
      for (let isShown = false; !isShown; ) {
        terminal.press('C-u');
        terminal.type(`${name} ${begun}`);
        terminal.press('Tab');
        isShown = await terminal.shows(shown, 5000).then(
          () => true,
          (error: unknown) => (Date.now() < deadline ? false : Promise.reject(error)),
        );
      }
    }
  }
});
