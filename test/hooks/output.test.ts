import { expect, test } from 'vitest';
import { OutputCapture } from '../../src/hooks/output.ts';

function capture() {
  const said: string[] = [];
  let clock = 0;
  const output = new OutputCapture(
    {
      line: (stream, bytes) => said.push(`${stream} ${Buffer.from(bytes).toString()}`),
      omitted: (bytes) => said.push(`omitted ${bytes}`),
    },
    () => clock,
  );
  return {
    said,
    output,
    wait: (milliseconds: number) => {
      clock += milliseconds;
    },
  };
}

const flood = Buffer.from('x\n'.repeat(32_768));

test('passes on both streams, line by line, each on its own', () => {
  const { said, output } = capture();
  output.push('stdout', Buffer.from('a'));
  output.push('stderr', Buffer.from('b\n'));
  output.push('stdout', Buffer.from('c\n'));
  output.push('stderr', Buffer.from('d'));
  output.end('stderr');
  output.end('stdout');
  expect(said).toEqual(['stderr b', 'stdout ac', 'stderr d']);
  expect(output.tail.text()).toBe('ab\nc\nd');
});

test('leaves out what comes too fast, says how much that was, and goes on when it slows down', () => {
  const { said, output, wait } = capture();
  for (let chunk = 0; chunk < 100; chunk++) output.push('stdout', flood);
  const passed = said.length;
  expect(passed).toBeLessThan(40_000);
  expect(said).not.toContainEqual(expect.stringContaining('omitted'));
  wait(3000);
  output.push('stdout', Buffer.from('again\n'));
  output.end('stdout');
  const left = flood.length * 100 - passed * 2;
  expect(said.slice(passed)).toEqual([`omitted ${left}`, 'stdout again']);
});

test('says what was left out at the end, too', () => {
  const { said, output } = capture();
  for (let chunk = 0; chunk < 3; chunk++) output.push('stdout', flood);
  output.end('stdout');
  const passed = said.length - 1;
  expect(said.at(-1)).toBe(`omitted ${3 * flood.length - 2 * passed}`);
  expect(passed).toBeGreaterThan(10_000);
});

test('does not join what came before a gap with what comes after it', () => {
  const { said, output, wait } = capture();
  output.push('stderr', Buffer.from('begun'));
  output.push('stdout', flood);
  output.push('stderr', Buffer.from(' lost\n'));
  wait(10_000);
  output.push('stderr', Buffer.from('new\n'));
  expect(said.slice(-3)).toEqual(['stderr begun', expect.stringMatching(/^omitted \d+$/), 'stderr new']);
});

test('a hook that prints a line now and then is never cut short', () => {
  const { said, output, wait } = capture();
  for (let second = 0; second < 500; second++) {
    output.push('stdout', Buffer.alloc(2000, 'x\n'));
    wait(1000);
  }
  expect(said.some((line) => line.startsWith('omitted'))).toBe(false);
});
