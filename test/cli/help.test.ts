import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { readArguments } from '../../src/cli/arguments.ts';
import { commands } from '../../src/cli/commands.ts';
import { options } from '../../src/cli/options.ts';
import { needing } from '../support/needs.ts';
import { runCommand } from '../support/run-command.ts';

const program = 'docker-lifecycle-listener';

describe('--help', () => {
  test.each(commands)(
    'of $name fits, and has examples that mean what they say',
    async ({ name, examples }) => {
      const { code, output } = await runCommand([name, '--help'], { kind: 'help' });
      expect(code).toBe(0);
      for (const line of output.split('\n')) expect(line.length).toBeLessThanOrEqual(110);
      expect(output).toContain('\nExamples:\n  ');
      for (const line of examples) {
        expect(output).toContain(line);
        // As far as a shell hands it to us.
        const [, words = ''] = new RegExp(`${program} ([^|&>)]*)`).exec(line) ?? [];
        expect(readArguments(words.trim().split(' ')).name).toBe(name);
      }
    },
  );

  test.each([
    ['helpp', 'help'],
    ['instal', 'install'],
    ['complete', undefined],
    ['compleiton', 'completion'],
    ['pluggin', 'plugin'],
    ['log', 'logs'],
  ])('%s is no command', async (word, near) => {
    const { code, errors } = await runCommand([word], { kind: 'word' });
    expect(code).toBe(64);
    expect(errors).toContain(`neither a command nor a folder "${word}"`);
    if (near !== undefined) expect(errors).toContain(`Did you mean ${near}?`);
  });

  test.each([
    [['plugin', 'instal'], 'Did you mean plugin install?'],
    [['completion', 'bsh'], 'Did you mean completion bash?'],
    [['completion', 'tcsh'], 'It knows bash, zsh, fish'],
    [['completion'], 'One of: bash, zsh, fish'],
    [['help', 'staus'], 'Did you mean status?'],
    [['status', '--wacth'], 'Did you mean --watch?'],
    [['logs', '-n', 'many'], '"many" is no number of lines'],
  ])('%j is told how it is right', async (words, cure) => {
    const { code, errors } = await runCommand(words, { kind: 'wrong' });
    expect({ code, errors }).toMatchObject({ code: 64, errors: expect.stringContaining(cure) });
  });
});

describe('the manual page', () => {
  const page = async () => (await runCommand(['help', '--man'])).output;

  test('names every command and every option', async () => {
    const text = (await page()).replaceAll('\\-', '-').replaceAll(/\\f[BIR]/g, '');
    for (const { name } of commands) expect(text).toMatch(new RegExp(`^${name}( |$)`, 'm'));
    for (const name of Object.keys(options)) expect(text).toMatch(new RegExp(`^(-., )?--${name}( |$)`, 'm'));
  });

  test('is set without a warning', needing('groff'), async () => {
    const set = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-rLL=72n'], {
      input: await page(),
      encoding: 'utf8',
    });
    expect(set.stderr).toBe('');
    const shown = set.stdout.replaceAll(/\u001b\[[\d;]*m/g, '');
    // What is to be copied is there letter by letter.
    expect(shown).toContain(`source <(${program} completion bash)`);
    expect(shown).toContain('jq -c \'select(.kind == "transition")\'');
  });

  test('has no error that mandoc would find', needing('mandoc'), async () => {
    const { stdout } = spawnSync('mandoc', ['-T', 'lint'], { input: await page(), encoding: 'utf8' });
    // A date would make each build another one.
    expect(stdout.split('\n').filter((line) => line !== '' && !line.includes('missing date'))).toEqual([]);
  });
});
