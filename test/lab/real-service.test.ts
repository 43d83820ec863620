import { createReadStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootMachine, type Machine } from '../support/lab/machine.ts';

const script = fileURLToPath(new URL('../service/real-service.sh', import.meta.url));

/** What the continuous integration does on macOS, where no laboratory is: so it is known to be right but for launchd. */
describe('A service of a real supervisor, on an engine that is embedded', () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await bootMachine({ version: '26.1', socketActivation: true });
  });
  afterAll(() => machine?.clear());

  test('is installed, works, is upgraded, and is gone', async () => {
    const output = await machine.run(['bash', '-s', machine.node, machine.program], createReadStream(script));
    expect(output).toContain('=== As it should be');
  });
});
