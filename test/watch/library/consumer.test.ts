import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { createStage, endProcess, type Stage } from '../../support/stage.ts';
import { waitFor } from '../../support/wait-for.ts';

/** A user's program that uses the installed package: it is compiled and run as theirs. */
const consumer = `
import { type EngineTransition, WatchError, watchEngines } from 'docker-lifecycle-listener';

const [socket = '', pidfile = '', until] = process.argv.slice(2);
const ending = new AbortController();
process.once('SIGTERM', () => ending.abort());
try {
  watchEngines({ host: 'unix://here' });
} catch (error) {
  if (error instanceof WatchError && error.code === 'bad-option') console.log('refused');
}
const watch = watchEngines({ host: \`unix://\${socket}\`, pidfile, signal: ending.signal });
for (const { name } of watch.engines) console.log('watching', name);
for await (const transition of watch) {
  console.log(transition.event, reasonOf(transition), transition.run?.split('@')[0] ?? 'unknown');
  if (transition.event === until) break;
}
console.log('ended', ending.signal.aborted);

function reasonOf(transition: EngineTransition): string {
  const { event, reason } = transition;
  if (event === 'start') return reason satisfies 'listener-started' | 'engine-started';
  return reason satisfies 'shutdown' | 'crash' | 'unreachable' | 'unseen';
}
`;

const root = fileURLToPath(new URL('../../..', import.meta.url));
const require = createRequire(import.meta.url);
let project: string;
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'dll-consumer-'));
  run('npm', ['pack', '--ignore-scripts', '--pack-destination', project], root);
  const [tarball = ''] = readdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${tarball}`], project);
  mkdirSync(join(project, 'src'));
  writeFileSync(join(project, 'src/consumer.ts'), consumer);
  for (const [example, to] of [
    ['watch.mjs', '.'],
    ['while-up.ts', 'src'],
  ] as const) {
    copyFileSync(join(root, 'examples/library', example), join(project, to, example));
  }
  const compilerOptions = {
    ...{ target: 'es2022', module: 'nodenext', strict: true, exactOptionalPropertyTypes: true },
    ...{ noUncheckedIndexedAccess: true, skipLibCheck: false, lib: ['es2022'] },
    // What every program for Node has.
    ...{ types: ['node'], typeRoots: [join(root, 'node_modules/@types')], rootDir: 'src', outDir: 'out' },
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }));
  const compiler = join(dirname(require.resolve('typescript/package.json')), 'lib/tsc.js');
  run(process.execPath, [compiler], project);
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
});
afterEach(() => stage.clear());

function run(command: string, words: readonly string[], folder: string): void {
  // npm tells scripts of itself in the environment: this one is to know nothing of it.
  const environment = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
  const { status, stdout, stderr } = spawnSync(command, words, {
    cwd: folder,
    env: Object.fromEntries(environment),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${command} ${words.join(' ')}: ${stdout}${stderr}`);
}

/** Starts the consumer, which watches the stage's engine, by default until it is told to end. */
function consume(until?: 'start' | 'stop'): { child: ChildProcess; said: () => string[] } {
  const words = ['out/consumer.js', stage.socket, stage.pidfile, ...(until === undefined ? [] : [until])];
  const child = spawn(process.execPath, words, { cwd: project, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return { child, said: () => output.trimEnd().split('\n') };
}

test('an installed package gets starts and stops, and ends by a signal with nothing left', async () => {
  const { child, said } = consume();
  await waitFor(() => said().length === 2);
  expect(said()).toEqual(['refused', `watching unix://${stage.socket}`]);
  const engine = stage.startEngine();
  await waitFor(() => said().length === 3);
  const pid = process.platform === 'linux' ? engine.pid : 'unknown';
  expect(said().at(-1)).toBe(`start engine-started ${pid}`);
  await endProcess(engine, 'SIGTERM');
  await waitFor(() => said().length === 4);
  expect(said().at(-1)).toBe(`stop shutdown ${pid}`);
  const over = once(child, 'close');
  child.kill('SIGTERM');
  // Anything that it left open would keep it from ending.
  expect(await over).toEqual([0, null]);
  expect(said().at(-1)).toBe('ended true');
});

test('one that breaks off ends by itself, whether the engine is up or down by then', async () => {
  const engine = stage.startEngine();
  const first = consume('start');
  const last = consume('stop');
  expect(await once(first.child, 'close')).toEqual([0, null]);
  expect(first.said().at(-1)).toBe('ended false');
  await waitFor(() => last.said().length === 3);
  const over = once(last.child, 'close');
  await endProcess(engine, 'SIGKILL');
  expect(await over).toEqual([0, null]);
  expect(last.said().slice(-2)).toEqual([expect.stringMatching(/^stop crash /), 'ended false']);
});

test('the examples do what they say', async () => {
  const engine = stage.startEngine();
  const environment = { ...process.env, DOCKER_HOST: `unix://${stage.socket}` };
  const watch = spawn(process.execPath, ['watch.mjs'], { cwd: project, env: environment });
  const work = `
    import { whileDockerIsUp } from './out/while-up.js';
    const ending = new AbortController();
    await whileDockerIsUp(async (signal) => {
      console.log('work begins');
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      console.log('work ends');
      ending.abort();
    }, ending.signal);
  `;
  const words = ['--input-type=module', '--eval', work];
  const whileUp = spawn(process.execPath, words, { cwd: project, env: environment });
  let output = '';
  for (const { stdout, stderr } of [watch, whileUp]) {
    for (const stream of [stdout, stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
  }
  onTestFinished(() => void [watch, whileUp].map((child) => child.kill('SIGKILL')));
  const overs = [once(watch, 'close'), once(whileUp, 'close')];
  await waitFor(() => /: start \(\w+-started\)\n/.test(output) && output.includes('work begins\n'));
  await endProcess(engine, 'SIGTERM');
  await waitFor(() => /: stop \(shutdown\)\n/.test(output) && output.includes('work ends\n'));
  watch.kill('SIGINT');
  expect(await Promise.all(overs)).toEqual([
    [0, null],
    [0, null],
  ]);
});

test('it brings no other package, and no import of the listener’s own modules', () => {
  const folder = join(project, 'node_modules');
  expect(readdirSync(folder).filter((name) => !name.startsWith('.'))).toEqual(['docker-lifecycle-listener']);
  const library = readFileSync(join(folder, 'docker-lifecycle-listener/dist/index.js'), 'utf8');
  const imports = [...library.matchAll(/\bimport\b[^;"()]*\bfrom\s*"([^"]+)"/g)].map(([, name = '']) => name);
  expect(imports.length).toBeGreaterThan(0);
  expect(imports.filter((name) => !name.startsWith('node:'))).toEqual([]);
});
