import { expect, test } from 'vitest';
import { ContainerNames } from '../../src/container-events/container-memory.ts';
import { eventOf } from '../support/events.ts';

const nano = (count: number) => `1700000000${String(count).padStart(9, '0')}`;
const idOf = (count: number) => String(count).padStart(64, '0');

/** The names that are known of the containers with these numbers. */
function known(names: ContainerNames, counts: Iterable<number>): (string | undefined)[] {
  return Array.from(counts, (count) => {
    const event = eventOf('network', 'connect', 'net', nano(count), { container: idOf(count) });
    return names.named(event).containerName;
  });
}

test('the names of as many containers as a comparison looks at are known', () => {
  const names = new ContainerNames([]);
  const counts = Array.from({ length: 20_000 }, (_, count) => count);
  for (const count of counts)
    names.note(eventOf('container', 'start', idOf(count), nano(count), { name: `project-service-${count}` }));
  const found = known(names, counts).filter((name) => name !== undefined);
  expect(found).toHaveLength(20_000);
});

test('names have a bound in bytes, however long an engine makes them; the newest are known', () => {
  const names = new ContainerNames([]);
  const counts = Array.from({ length: 20_000 }, (_, count) => count);
  for (const count of counts)
    names.note(
      eventOf('container', 'start', idOf(count), nano(count), { name: `${count}-${'n'.repeat(1000)}` }),
    );
  const found = known(names, counts).filter((name) => name !== undefined);
  const bytes = found.reduce((sum, name) => sum + name.length, 0);
  expect(bytes).toBeLessThan(5_000_000);
  expect(found.at(-1)).toMatch(/^19999-/);
});
