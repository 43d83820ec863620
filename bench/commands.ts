/**
 * The time to the first output of a command, and its processor time, beside the shortest run of Node that there can
 * be: all by turns, so that whatever else the machine does meets them alike. A listener runs, with an embedded
 * engine that is up and a history of some entries.
 *
 * Usage: npm run bench -- commands [ROUNDS]      20 by default
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Arena, createArena } from './support/arena.ts';
import { describeLoad, describeMachine } from './support/machine.ts';
import { program, startListener } from './support/measured-listener.ts';
import { median, quantile, table } from './support/statistics.ts';

/** What may come before the first word of a command, beside a bare Node, in ms. */
const most = 100;
/** Runs of hooks that the history holds. */
const entries = 50;

const rounds = Number(process.argv[2] ?? 20);
console.log(`${describeMachine()}, ${describeLoad()}, ${rounds} rounds\n`);
const arena = createArena();
try {
  await measure(arena);
} finally {
  arena.clear();
}

async function measure({ folder, scripts }: Arena): Promise<void> {
  const at = (name: string) => join(folder, name);
  const control = at('control.sock');
  const node = (...words: string[]) => [process.execPath, program, ...words];
  const asking = ['--control', control, '--config', 'none'];
  const engine = spawn(process.execPath, [program, 'embedded-engine', at('e.sock'), at('e.pid')]);
  const where = ['-H', `unix://${at('e.sock')}`, '--pidfile', at('e.pid'), '--state-dir', at('state')];
  const listener = startListener([scripts('hooks').folder, '--no-notifier', ...where, ...asking]);
  try {
    await listener.said('hook-ended', 1);
    for (let run = 1; run < entries; run++) {
      await ended(node('trigger', 'start', ...asking));
    }
    // The environment is everybody's from here on: Docker's folder is ours.
    process.env.DOCKER_CONFIG = at('docker');
    await ended(node('plugin', 'install'));
    const wrapper = at('docker/cli-plugins/docker-lifecycle');
    const bare = 'node -e 0';
    const commands: { readonly [name: string]: readonly string[] } = {
      [bare]: [process.execPath, '-e', '0'],
      '--version': node('--version'),
      '--help': node('--help'),
      'history --help': node('history', '--help'),
      status: node('status', ...asking),
      'status --json': node('status', '--json', ...asking),
      history: node('history', ...asking),
      'history, without a listener': node('history', '--state-dir', at('state'), ...asking),
      hooks: node('hooks', ...asking),
      doctor: node('doctor'),
      'config check': node('config', 'check', ...asking),
      'completion of a command': node('__complete', 'hist'),
      'completion of a hook': node('__complete', 'trigger', 'start', ...asking, '--hook', ''),
      'a misspelt command': node('staus'),
      'docker lifecycle status': [wrapper, 'lifecycle', 'status', ...asking],
      'the plugin, asked what it is': [wrapper, 'docker-cli-plugin-metadata'],
      'the same, by a link to the program': node('docker-cli-plugin', 'docker-cli-plugin-metadata'),
    };
    const times = new Map<string, number[]>(Object.keys(commands).map((name) => [name, []]));
    const processor = new Map<string, number>();
    for (let round = 0; round < rounds; round++) {
      for (const [name, words] of Object.entries(commands)) {
        const before = processorTimeOfChildren();
        times.get(name)?.push(await (name === bare ? ended(words) : firstWord(words)));
        processor.set(name, (processor.get(name) ?? 0) + processorTimeOfChildren() - before);
      }
    }
    console.log(report(times, times.get(bare) ?? []));
    const least = processor.get(bare) ?? Number.NaN;
    const ratios = [...processor].map(([name, time]) => [
      name,
      whole(time / rounds),
      (time / least).toFixed(2),
    ]);
    console.log(
      `\nUser and system time, ms: mean; by that of ${bare}\n\n${table([['', 'mean', 'by'], ...ratios])}`,
    );
  } finally {
    await listener.end();
    engine.kill();
  }
}

/** User and system time of all children that have ended, in ms; the kernel gives it in hundredths of a second. */
function processorTimeOfChildren(): number {
  const fields = readFileSync('/proc/self/stat', 'latin1').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

/** From the start of a process to the first thing that it says, in ms. */
async function firstWord([command = '', ...words]: readonly string[]): Promise<number> {
  const began = performance.now();
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  const over = once(child, 'close');
  const said = once(child.stdout, 'data');
  const complained = once(child.stderr, 'data');
  await Promise.race([said, complained, over]);
  const took = performance.now() - began;
  child.stdout.resume();
  child.stderr.resume();
  await over;
  return took;
}

/** From the start of a process to its end, in ms. */
async function ended([command = '', ...words]: readonly string[]): Promise<number> {
  const began = performance.now();
  await once(spawn(command, words, { stdio: 'ignore' }), 'close');
  return performance.now() - began;
}

function report(times: ReadonlyMap<string, readonly number[]>, bare: readonly number[]): string {
  const rows = [...times].map(([name, all]) => {
    const more = all.map((took, round) => took - (bare[round] ?? Number.NaN));
    const verdict = median(more) <= most ? '' : `more than ${most}`;
    return [name, whole(median(all)), whole(median(more)), whole(quantile(more, 0.9)), verdict];
  });
  return `ms until the first word: median; beside a bare Node of the same round, median and 9 of 10\n\n${table(
    [['', 'median', 'more', '9 of 10', ''], ...rows],
  )}`;
}

function whole(number: number): string {
  return number.toFixed(0);
}
