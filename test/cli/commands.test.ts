import { describe, expect, test } from 'vitest';
import { readArguments } from '../../src/cli/arguments.ts';
import type { Command } from '../../src/cli/command.ts';
import { commands } from '../../src/cli/commands.ts';
import { complete } from '../../src/cli/completion/complete.ts';
import { help } from '../../src/cli/help.ts';
import { manual } from '../../src/cli/manual.ts';

const calls: string[] = [];
const weather: Command<string> = {
  name: 'weather',
  calls: [['TOWN', 'the weather there']],
  options: ['json'],
  examples: ['docker-lifecycle-listener weather oslo --json'],
  complete: (before) => (before.length === 0 ? ['oslo', 'rome'] : []),
  read: (_, [town = '']) => town,
  async run(town) {
    calls.push(town);
    return 7;
  },
};
const list = [...commands, weather];

describe('a command is found by its one object', () => {
  test('in the help of all commands, and in its own', () => {
    expect(help(list, undefined)).toMatch(/^ {2}weather TOWN +the weather there$/m);
    const own = help(list, 'weather');
    expect(own).toContain('weather TOWN  the weather there');
    expect(own).toContain('--json');
    expect(own).toContain('  docker-lifecycle-listener weather oslo --json');
    expect(help(commands, undefined)).not.toContain('weather');
  });

  test('in the manual page, with its options and its example', () => {
    const page = manual(list).replaceAll('\\-', '-');
    expect(page).toContain('.TP\n\\fBweather\\fR TOWN\nthe weather there\n.br\nOptions: \\fB--json\\fR');
    expect(page).toContain('docker-lifecycle-listener weather oslo --json');
  });

  test.each([
    [['wea'], ['weather']],
    [['weather', 'o'], ['oslo']],
    [
      ['weather', '--'],
      ['--json', '--help'],
    ],
    [['help', 'wea'], ['weather']],
  ])('in completion: %j', async (words, values) => {
    const { candidates } = await complete(list, words, async () => []);
    expect(candidates.map(({ value }) => value)).toEqual(values);
  });

  test('in dispatch, and among the words that may have been meant', async () => {
    const invocation = readArguments(['weather', 'oslo', '--json'], {}, list);
    expect(invocation).toMatchObject({ name: 'weather', outlivesReader: false });
    expect(calls).toEqual([]);
    expect(await invocation.run()).toBe(7);
    expect(calls).toEqual(['oslo']);
    expect(() => readArguments(['weather', '--failed'], {}, list)).toThrow('weather takes no --failed');
    expect(() => readArguments(['weathr'], {}, list)).toThrow('neither a command nor a folder "weathr"');
    expect(() => readArguments(['weather'])).toThrow('neither a command nor a folder "weather"');
  });
});
