import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printableText } from '../../src/system/printable.ts';
import { quote } from '../../src/system/shell-quote.ts';

/** What a shell makes of words on its command line. */
function shellReads(shell: string, line: string): string[] {
  const { stdout, stderr } = spawnSync(shell, ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.split('\0').slice(0, -1);
}

const shells = ['sh', 'bash', 'zsh'].filter((shell) => spawnSync(shell, ['-c', 'true']).status === 0);

test.each([
  [
    '/etc/docker-lifecycle-listener.d/on_start/10-hello.sh',
    '/etc/docker-lifecycle-listener.d/on_start/10-hello.sh',
  ],
  ['/my hooks', "'/my hooks'"],
  ["/it's", "'/it'\\''s'"],
  ['', "''"],
  ['/größe', "'/größe'"],
  ['/a\nb', `"$(printf '/a\\012b')"`],
  ['/a\tb', `"$(printf '/a\\011b')"`],
  ['/100%\n/b', `"$(printf '/100\\045\\012/b')"`],
  ['/a\u001b[2J', `"$(printf '/a\\033\\1332J')"`],
])('%j is written as %s', (word, quoted) => {
  expect(quote(word)).toBe(quoted);
});

describe.each(shells)('%s reads the same word', (shell) => {
  test('when it is full of what means something to a shell', () => {
    const words = [
      '$HOME',
      '`id`',
      '$(id)',
      '*',
      '~root',
      'a;b|c&d>e<f(g)',
      '"quoted"',
      "'''",
      '\\n\\',
      '#not a comment',
      '!history',
      '{a,b}',
      'a=b c',
      '%d%s%',
      'tab\there',
      'two\nlines',
      '100%\n\u001b',
      '\u202eabc',
      'größe 中文 😀',
    ];
    expect(shellReads(shell, words.map(quote).join(' '))).toEqual(words);
  });

  test('whatever it is', () => {
    const word = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0') && !text.endsWith('\n'));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 60 }), (words) => {
        expect(shellReads(shell, words.map(quote).join(' '))).toEqual(words);
      }),
      { numRuns: 15 },
    );
  });
});

test('a quoted word survives the log as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (word) => {
      expect(printableText(quote(word))).toBe(quote(word));
    }),
  );
});
