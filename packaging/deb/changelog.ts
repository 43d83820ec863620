/** A version's changes, as CHANGELOG.md has them (https://keepachangelog.com). */
interface Release {
  /** Undefined for what is not released yet. */
  readonly version: string | undefined;
  /** In ms since the epoch. */
  readonly at: number | undefined;
  readonly sections: readonly { readonly title: string; readonly changes: readonly string[] }[];
}

/** What the package is, as far as its changelog says. */
export interface ChangelogOf {
  readonly name: string;
  /** Of the program, as package.json has it. */
  readonly version: string;
  readonly maintainer: string;
  /** What stands in for the date of what is not released yet, in ms since the epoch. */
  readonly now: number;
}

/** Debian orders 1.0~rc.1 before 1.0, as semver does 1.0-rc.1 (deb-version(7)). */
export function debianVersion(version: string): string {
  return version.replace('-', '~');
}

/**
 * Debian's form of a changelog (deb-changelog(5)). What is not released yet counts as the version that is packaged,
 * until there is a release of that name.
 */
export function debianChangelog(markdown: string, of: ChangelogOf): string {
  const releases = readReleases(markdown);
  const isReleased = releases.some(({ version }) => version === of.version);
  return releases
    .filter(({ version, sections }) => (version !== undefined || !isReleased) && sections.length > 0)
    .map((release) => entry(release, of))
    .join('\n');
}

function entry({ version, at, sections }: Release, { name, maintainer, now, ...of }: ChangelogOf): string {
  const changes = sections.map(
    ({ title, changes }) => `  [ ${title} ]\n${changes.map((change) => wrap(change)).join('')}`,
  );
  const head = `${name} (${debianVersion(version ?? of.version)}) unstable; urgency=medium`;
  return `${head}\n\n${changes.join('\n')}\n -- ${maintainer}  ${rfc5322(at ?? now)}\n`;
}

function readReleases(markdown: string): Release[] {
  const [, ...parts] = markdown.split(/^## /m);
  return parts.map((part) => {
    const [, name = '', date] = /^\[?([^\]\s]+)\]?(?: - (\S+))?/.exec(part) ?? [];
    const [, ...sections] = part.split(/^### /m);
    return {
      version: /^\d/.test(name) ? name : undefined,
      at: date === undefined ? undefined : Date.parse(date),
      sections: sections.map((section) => {
        const [title = '', ...changes] = section.split(/^[*-] /m);
        return { title: title.trim(), changes: changes.map((change) => change.replace(/\s+/g, ' ').trim()) };
      }),
    };
  });
}

/** One change, in lines of at most 80 characters where its words allow. */
function wrap(change: string): string {
  const lines: string[] = [];
  let line = '  *';
  for (const word of change.split(' ')) {
    if (line.length + 1 + word.length > 80) {
      lines.push(line);
      line = '   ';
    }
    line += ` ${word}`;
  }
  return [...lines, line, ''].join('\n');
}

/** As `date --rfc-email` has it, in UTC. */
function rfc5322(at: number): string {
  return new Date(at).toUTCString().replace('GMT', '+0000');
}
