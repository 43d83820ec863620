/**
 * What does an engine that does harm cost the others? For each manner of `test/support/hostile/manners.ts`: how late
 * the first hook of an honest engine is in a listener that watches both, and in one that watches the honest one alone,
 * both at the same time; how much more memory the first has; and how many lines the hostile engine has put into its log.
 *
 * Usage: npm run bench -- hostile [ROUNDS [WORD]]      7 rounds; only manners with WORD in them
 */
import { startBeside } from '../test/support/hostile/beside.ts';
import { manners } from '../test/support/hostile/manners.ts';
import { describeLoad, describeMachine } from './support/machine.ts';
import { median, table } from './support/statistics.ts';

const [rounds = '7', word = ''] = process.argv.slice(2);
const rows = [['an engine with', 'alone, ms', 'beside it, ms', 'ratio', 'MB more', 'lines', 'in s']];

console.log(`${describeMachine()}, ${describeLoad()}`);
for (const manner of Object.keys(manners).filter((name) => name.includes(word))) {
  const began = performance.now();
  const place = await startBeside();
  try {
    await place.begin(manner);
    const late = [];
    for (let round = 0; round < Number(rounds); round++) late.push(await place.round());
    const [alone, beside] = [median(late.map((one) => one.alone)), median(late.map((one) => one.beside))];
    const more = (place.beside.memory() - place.alone.memory()) / 1024;
    const cells = [alone.toFixed(0), beside.toFixed(0), (beside / alone).toFixed(2), more.toFixed(1)];
    const seconds = (performance.now() - began) / 1000;
    rows.push([manner, ...cells, String(place.beside.strange.length), seconds.toFixed(0)]);
    console.error(rows.at(-1)?.join(' | '));
  } finally {
    await place.clear();
  }
}
console.log(`\n${table(rows)}\nat the end: ${describeLoad()}`);
