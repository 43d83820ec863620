import { expect, test } from 'vitest';
import type { Step } from '../../src/service/step.ts';
import type { Disk } from '../support/disk.ts';
import { allRuns, debian, install, uninstall } from '../support/installing.ts';

/** Everything of `steps` up to each of its ends, on a disk that `prepare` has made. */
function* cutShort(prepare: () => Disk, steps: readonly Step[]): Generator<Disk> {
  for (let cut = 0; cut <= steps.length; cut++) {
    const disk = prepare();
    disk.apply(steps.slice(0, cut));
    disk.commands.length = 0;
    yield disk;
  }
}
const empty = () => {
  const disk = debian(allRuns);
  disk.write('/home/bundle.js', 'bundle 1.0.0');
  return disk;
};
const installed = () => {
  const disk = debian(allRuns);
  install(disk);
  return disk;
};

test('an install that was cut short is completed by the next, and leaves nothing behind for uninstall', () => {
  const whole = installed();
  const { steps } = install(empty());
  for (const disk of cutShort(empty, steps)) {
    install(disk);
    expect(disk.listing()).toEqual(whole.listing());
    uninstall(disk, true);
    expect(disk.listing()).toEqual(empty().listing());
  }
});

test('what leaves no file behind is done again: the trial of the copy, and systemd’s reload', () => {
  const { steps } = install(empty());
  const runs = steps.flatMap((step) => (step.kind === 'run' ? [step.words.join(' ')] : []));
  const all = [...cutShort(empty, steps)].slice(0, -1);
  for (const disk of all) {
    install(disk);
    expect(disk.commands).toEqual(runs);
  }
});

test('an upgrade that was cut short is completed by the next, also by another version', () => {
  const disk = installed();
  const { steps } = install(disk, '1.1.0', { port: 5000 });
  for (const version of ['1.1.0', '1.2.0']) {
    for (const cut of cutShort(installed, steps)) {
      expect(install(cut, version, { port: 6000 }).kept).toEqual([]);
      expect(install(cut, version, { port: 6000 })).toEqual({ steps: [], kept: [] });
      uninstall(cut, true);
      expect(cut.listing()).toEqual(uninstalled(version));
    }
  }
  function uninstalled(version: string) {
    const clean = debian();
    clean.write('/home/bundle.js', `bundle ${version}`);
    return clean.listing();
  }
});

test('one that was cut short can be uninstalled, at once', () => {
  const { steps } = install(empty());
  for (const disk of cutShort(empty, steps)) {
    const last = [...disk.items].at(-1)?.[0] ?? '';
    if (last.endsWith('/1.0.0')) disk.write(`${last}/node.new`, 'half');
    uninstall(disk);
    const left = disk.listing().filter((line) => !empty().listing().includes(line));
    // Made before there was a list.
    expect(left.filter((line) => !line.startsWith('/var/lib/docker-lifecycle-listener '))).toEqual([]);
  }
});

test('an uninstall that was cut short is completed by the next', () => {
  for (const purge of [false, true]) {
    const whole = debian(allRuns);
    install(whole);
    const { steps } = uninstall(whole, purge);
    for (let cut = 0; cut < steps.length; cut++) {
      const disk = debian(allRuns);
      install(disk);
      disk.apply(steps.slice(0, cut));
      uninstall(disk, purge);
      // It was emptied before, and of that there is no list any more.
      const state = '/var/lib/docker-lifecycle-listener {"kind":"folder"}';
      expect(disk.listing().filter((line) => line !== state)).toEqual(whole.listing());
    }
  }
});
