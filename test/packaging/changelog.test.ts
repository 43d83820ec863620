import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { debianChangelog, debianVersion } from '../../packaging/deb/changelog.ts';
import { needing } from '../support/needs.ts';

const of = {
  name: 'thing',
  version: '2.0.0',
  maintainer: 'Ann <ann@example.org>',
  now: Date.UTC(2026, 10, 24, 12),
};
const markdown = `# Changelog

Some words.

## [Unreleased]

### Added

* One thing that is long enough to need a second line once it is written as Debian writes its
  changes, and that goes on here.
* Another.

### Fixed

- A fault.

## [1.9.0-rc.1] - 2026-10-01

### Changed

* All of it.
`;

test('each release is an entry, what is not released yet the version that is packaged', () => {
  expect(debianChangelog(markdown, of)).toBe(`thing (2.0.0) unstable; urgency=medium

  [ Added ]
  * One thing that is long enough to need a second line once it is written as
    Debian writes its changes, and that goes on here.
  * Another.

  [ Fixed ]
  * A fault.

 -- Ann <ann@example.org>  Tue, 24 Nov 2026 12:00:00 +0000

thing (1.9.0~rc.1) unstable; urgency=medium

  [ Changed ]
  * All of it.

 -- Ann <ann@example.org>  Thu, 01 Oct 2026 00:00:00 +0000
`);
});

test('once it is released, what came after is of no version yet', () => {
  const changelog = debianChangelog(markdown, { ...of, version: '1.9.0-rc.1' });
  expect(changelog.match(/^thing .*/gm)).toEqual(['thing (1.9.0~rc.1) unstable; urgency=medium']);
});

test('a heading without changes is no entry', () => {
  expect(
    debianChangelog('# Changelog\n\n## [Unreleased]\n\n## [1.0.0] - 2026-01-01\n\n### Added\n\n* It.\n', of),
  ).toMatch(/^thing \(1\.0\.0\)/);
});

test('what comes before a release, dpkg orders before it', needing('dpkg'), () => {
  const isLess = (one: string, other: string) =>
    spawnSync('dpkg', ['--compare-versions', debianVersion(one), 'lt', debianVersion(other)]).status === 0;
  expect(isLess('1.0.0-rc.1', '1.0.0')).toBe(true);
  expect(isLess('1.0.0-rc.1', '1.0.0-rc.2')).toBe(true);
  expect(isLess('0.9.9', '1.0.0-rc.1')).toBe(true);
});
