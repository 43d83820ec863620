import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runProgram, startProgram } from '../support/program.ts';
import { runCommand } from '../support/run-command.ts';
import { createStage, type Stage } from '../support/stage.ts';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

describe('wrong usage ends it with exit code 64, and says what is wrong and how it is right', () => {
  test.each([
    [[], 'No script folder given', 'docker-lifecycle-listener <script_dir> [port]'],
    [['run'], 'No script folder given', '--help'],
    [[''], 'The script folder is empty', '/etc/docker-lifecycle-listener.d'],
    [['/', '47200', 'more'], 'not also "more"'],
    [['/', 'port'], '"port" is no port', 'from 1 to 65535'],
    [['/', '0'], '"0" is no port', 'from 1 to 65535'],
    [['/', '65536'], '"65536" is no port', 'from 1 to 65535'],
    [['/', '4720.0'], '"4720.0" is no port', 'from 1 to 65535'],
    [['/', '47200', '--lisetn', '127.0.0.1'], '--lisetn', 'Did you mean --listen?'],
    [['/', '--no-such-thing'], '--no-such-thing', 'All options: --help'],
    [['/', '-x'], '-x', 'All options: --help'],
    [['/', '--pidfile'], '--pidfile', 'All options: --help'],
    [['/', '--no-notifier=yes'], '--no-notifier', 'All options: --help'],
    [['/', '--listen', 'localhost'], '--listen: "localhost" is no address', '127.0.0.1'],
    [['/', '--listen', ''], '--listen: "" is no address', '127.0.0.1'],
    [['/', '--log-format', 'xml'], '"xml"', 'text or json'],
    [['/', '-v', '-q'], '--verbose and --quiet exclude each other', 'one of them'],
    [['/', '--no-notifier', '--trust-notifier'], '--no-notifier and --trust-notifier', 'one of them'],
    [['/', '--no-notifier', '--listen', '::1'], '--no-notifier and --listen', 'one of them'],
    [['/', '--host', 'http://docker'], 'http://docker', 'unix:///'],
    [['/', '--host', 'tcp://docker:2375/path'], 'more than a host and a port', 'tcp://HOST:2375'],
    [['/', '--metrics', 'localhost:9480'], '"localhost:9480" is no address with a port', '127.0.0.1:9480'],
    [['/', '--metrics', '127.0.0.1:0'], 'is no address with a port', 'a port alone for loopback'],
    [['/', '--metrics', '127.0.0.1:65536'], 'is no address with a port', '[::1]:9480'],
    [['/', '--metrics', '::1:9480'], 'is no address with a port', '[::1]:9480'],
    [['/', '--metrics', '[127.0.0.1]:9480'], 'is no address with a port', '[::1]:9480'],
    [['/', '--heartbeat', 'often'], '--heartbeat: "often" is no duration', 'Give'],
    [['/', '--when-started', 'sometimes'], '"sometimes"', 'always'],
    [
      ['/', '--trust-notifier', '-H', 'unix:///a', '-H', 'unix:///b'],
      'one engine',
      'run one listener for each',
    ],
    [['/', '--host', 'unix://relative.sock'], 'no absolute path', 'unix:///path/to/docker.sock'],
    [['/', '--host', `unix:///${'a'.repeat(120)}`], 'too long', 'link'],
    [['demo', 'more'], 'demo takes no argument: more'],
    [['staus'], 'neither a command nor a folder "staus"', 'Did you mean status?'],
    [['hooks', '47200'], 'hooks knows no "47200"', './hooks'],
    [['history', 'shwo', '3'], 'history knows no "shwo"', 'Did you mean history show?'],
    [['history', 'show', 'last'], 'takes a number'],
    [['history', '--since', 'yesterday'], '--since: "yesterday" is no time', '2h'],
    [['history', '-n', 'all'], '-n: "all" is no number'],
    [['status', '--listen', '127.0.0.1'], 'status takes no --listen', 'status --help'],
    [['/', '--json'], 'run takes no --json', 'run --help'],
    [['trigger', 'stop', '--hook', ''], '--hook is empty', 'leave --hook out'],
    [['trigger', 'stop', '--engine='], '--engine is empty', 'leave --engine out'],
    [['trigger'], 'trigger needs a word', 'trigger start or trigger stop'],
    [['trigger', 'strt'], 'no event', 'Did you mean start?'],
    [['wait', 'start', 'now'], 'takes no more than that, not "now"'],
    [['wait', 'start', '--timeout', 'long'], '--timeout: "long" is no duration', '30s'],
    [['hooks', 'new', '10-a'], '--event is missing', 'start or stop'],
    [['/no/such/folder'], '/no does not exist', 'mkdir -p /no/such/folder/on_start /no/such/folder/on_stop'],
  ])('%j', async (words, ...says) => {
    const { code, output, errors } = await runCommand(words, {
      environment: { PATH: process.env.PATH },
      kind: 'wrong',
    });
    expect(errors).toMatch(/^docker-lifecycle-listener: .+\n( {2}.+\n)?$/);
    for (const text of says) expect(errors).toContain(text);
    // The folders are looked at only when the listener has said that it starts.
    if (!errors.includes('Will not run')) expect(output).toBe('');
    expect(code).toBe(64);
  });

  test('an endpoint from DOCKER_HOST is named after it', async () => {
    const environment = { PATH: process.env.PATH, DOCKER_HOST: 'unix://relative.sock' };
    const { code, errors } = await runCommand(['/'], { environment, kind: 'wrong' });
    expect({ code, errors }).toMatchObject({ code: 64, errors: expect.stringContaining('DOCKER_HOST: ') });
  });

  test('what the command line holds is shown safely', async () => {
    const { errors } = await runCommand(['demo', '\u001b[2J\n\u202e']);
    expect(errors).toContain('\\x1b[2J\\n\\u202e');
    expect(errors.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe('what is asked for is printed on standard output, with exit code 0', () => {
  test.each([['--help'], ['-h'], ['help'], ['/hooks --help']])('%s', async (words) => {
    const { code, output, errors } = await runCommand(words.split(' '), { kind: 'help' });
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toContain('docker-lifecycle-listener <script_dir> [port]');
    for (const line of output.split('\n')) expect(line.length).toBeLessThanOrEqual(110);
  });

  test('--help names every option', async () => {
    const { output } = await runProgram(['--help']);
    const options = [
      '--host',
      '--pidfile',
      '--listen',
      '--no-notifier',
      '--trust-notifier',
      '--log-format',
      '--context',
      '--when-started',
      '--heartbeat',
      '--state-dir',
    ];
    for (const option of [...options, '--verbose', '--quiet', '--help', '--version', 'demo']) {
      expect(output).toContain(option);
    }
  });

  test('--version', async () => {
    expect(await runProgram(['--version'])).toMatchObject({
      code: 0,
      output: `${manifest.version}\n`,
      errors: '',
    });
  });
});

describe('the listener', () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await createStage();
  });
  afterEach(() => stage.clear());

  async function outputOf(...words: string[]): Promise<string> {
    const listener = startProgram([...words, ...stage.place]);
    const isQuiet = words.some((word) => word === '-q' || word === '--quiet');
    await (isQuiet ? listener.said(/WARNING/) : listener.said(/Docker is not running/));
    listener.child.kill('SIGTERM');
    const { code, output, errors } = await listener.over;
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    return output;
  }

  test('takes the original’s call, and run before it', async () => {
    const call = [stage.hooks, String(stage.port)];
    for (const words of [call, ['run', ...call]]) {
      expect(await outputOf(...words)).toContain(`127.0.0.1:${stage.port}`);
    }
  });

  test('logs a line an event, each with its time and zone first', async () => {
    const lines = (await outputOf(stage.hooks, '--no-notifier')).trimEnd().split('\n');
    expect(lines.length).toBeGreaterThanOrEqual(4);
    const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d \S/;
    for (const line of lines) expect(line).toMatch(time);
    expect(lines.map((line) => line.slice(0, 29)).sort()).toEqual(lines.map((line) => line.slice(0, 29)));
    expect(lines[0]).toContain(`started: pid `);
    expect(lines.at(-1)).toMatch(/ Ended$/);
  });

  test('logs JSON that holds the same', async () => {
    const lines = (await outputOf(stage.hooks, '--no-notifier', '--log-format', 'json'))
      .trimEnd()
      .split('\n');
    const kinds = lines.map((line) => {
      const { time, level, message, kind } = JSON.parse(line) as { [field: string]: string };
      expect([time, level, message].every((field) => typeof field === 'string' && field !== '')).toBe(true);
      return kind;
    });
    expect(kinds[0]).toBe('listener-started');
    expect(kinds).toContain('engine-is-down');
    expect(kinds.slice(-2)).toEqual(['listener-ending', 'listener-ended']);
  });

  test('with --quiet says warnings and errors alone', async () => {
    const output = await outputOf(stage.hooks, String(stage.port), '--quiet', '--trust-notifier');
    expect(output.trimEnd().split('\n')).toEqual([expect.stringContaining(' WARNING --trust-notifier')]);
  });

  test('takes a folder relative to where it was started', async () => {
    const listener = startProgram(['.', '--no-notifier', ...stage.place], {
      folder: stage.hooks,
    });
    await listener.said(/Docker is not running/);
    expect(listener.output()).toContain(`hooks in ${stage.hooks}\n`);
    listener.child.kill('SIGTERM');
    expect(await listener.over).toMatchObject({ code: 0 });
  });
});
