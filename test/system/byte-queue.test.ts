import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteQueue } from '../../src/system/byte-queue.ts';

test('gives back what was pushed, however it is cut and taken', () => {
  const action = fc.oneof(
    fc.record({ push: fc.uint8Array({ maxLength: 300 }) }),
    fc.record({ take: fc.nat(400) }),
    fc.record({ takeSome: fc.nat(400) }),
    fc.constant({ until: '\r\n' }),
    fc.constant({ settle: true }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
      const queue = new ByteQueue('Text');
      let model = Buffer.alloc(0);
      for (const step of actions) {
        if ('push' in step) {
          queue.push(Buffer.from(step.push));
          model = Buffer.concat([model, step.push]);
        } else if ('take' in step) {
          const expected = model.length < step.take ? undefined : model.subarray(0, step.take);
          expect(queue.take(step.take)).toEqual(expected);
          if (expected !== undefined) model = model.subarray(step.take);
        } else if ('takeSome' in step) {
          expect(queue.takeSome(step.takeSome)).toEqual(model.subarray(0, step.takeSome));
          model = model.subarray(step.takeSome);
        } else if ('until' in step) {
          const at = model.indexOf(step.until);
          expect(queue.takeUntil(step.until, 100_000)).toBe(
            at === -1 ? undefined : model.toString('latin1', 0, at),
          );
          if (at !== -1) model = model.subarray(at + step.until.length);
        } else queue.settle();
        expect(queue.length).toBe(model.length);
      }
    }),
  );
});

test('a text may be as long as the limit, and no longer, whether its end has come or not', () => {
  const queue = new ByteQueue('Text');
  queue.push(Buffer.from(`${'a'.repeat(10)}\r\n${'b'.repeat(11)}\r`));
  expect(queue.takeUntil('\r\n', 10)).toBe('a'.repeat(10));
  expect(() => queue.takeUntil('\r\n', 10)).toThrow('Text is too long');
  const endless = new ByteQueue('Text');
  endless.push(Buffer.from('c'.repeat(12)));
  expect(() => endless.takeUntil('\r\n', 10)).toThrow('Text is too long');
});

test('a packet that was settled may change', () => {
  const queue = new ByteQueue('Text');
  const packet = Buffer.from('abc');
  queue.push(packet);
  queue.take(1);
  queue.settle();
  packet.fill('x');
  expect(queue.take(2)?.toString()).toBe('bc');
});
