import { mkdirSync } from 'node:fs';
import { labFolder } from './folder.ts';
import { installMissing, requireDebianRoot } from './host.ts';
import { beginRun, clearLeftovers } from './place.ts';
import { buildRoots } from './roots.ts';
import { findTraces, namesOfNetwork } from './traces.ts';

/** Before all tests of the laboratory: engines are had, and nothing of an earlier run is left. */
export default async function setup(): Promise<() => Promise<void>> {
  const began = Date.now();
  const say = (text: string) =>
    process.stdout.write(`lab ${String(Math.round((Date.now() - began) / 1000)).padStart(3)} s  ${text}\n`);
  beginRun();
  const codename = debianOrExit();
  mkdirSync(labFolder, { recursive: true });
  await installMissing(say);
  for (const name of await clearLeftovers()) say(`Cleared ${name}, left by a run that died`);
  await buildRoots(codename, say);
  const network = namesOfNetwork();

  return async () => {
    const traces = [
      ...findTraces(),
      ...namesOfNetwork()
        .filter((name) => !network.includes(name))
        .map((name) => `network interface or namespace ${name}`),
    ];
    if (traces.length > 0) {
      // An error that is thrown here would be printed, but the tests would count as passed.
      process.exitCode = 1;
      process.stderr.write(`The laboratory left something behind:\n  ${traces.join('\n  ')}\n`);
      await clearLeftovers();
      return;
    }
    say('Nothing is left: no process, mount, control group, interface or folder');
  };
}

/** Where there can be no laboratory, its cause and fix are all there is to read. */
function debianOrExit(): string {
  try {
    return requireDebianRoot();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    return process.exit(1);
  }
}
