import type { Elf } from './elf.ts';

/** The package that has a library, and from which of its versions on it has a symbol's version. */
interface Provider {
  readonly package: string;
  /** What the names of its symbol versions begin with. */
  readonly prefix: string;
  /** The package's version that brought one; undefined where any will do. */
  readonly since: (version: string) => string | undefined;
}

/** glibc names the versions of its symbols by its own. */
const glibc: Provider = { package: 'libc6', prefix: 'GLIBC_', since: (version) => version };

/** The release of GCC that brought each GLIBCXX_3.4.N (its manual, "ABI Policy and Guidelines"). */
const releasesOfGcc: readonly (readonly [patch: number, release: string])[] = [
  [21, '5'],
  [22, '6'],
  [23, '7'],
  [25, '8'],
  [26, '9'],
  [28, '9.3'],
  [29, '11'],
  [30, '12'],
  [31, '13.1'],
  [32, '13.2'],
  [33, '14'],
  [34, '15'],
];

const providers: { readonly [library: string]: Provider } = {
  'libc.so.6': glibc,
  'libm.so.6': glibc,
  'libdl.so.2': glibc,
  'libpthread.so.0': glibc,
  'librt.so.1': glibc,
  'ld-linux-x86-64.so.2': glibc,
  'ld-linux-aarch64.so.1': glibc,
  'libstdc++.so.6': {
    package: 'libstdc++6',
    prefix: 'GLIBCXX_3.4.',
    since: (version) => releasesOfGcc.find(([patch]) => patch >= Number(version))?.[1],
  },
  'libgcc_s.so.1': { package: 'libgcc-s1', prefix: 'GCC_', since: () => undefined },
  'libatomic.so.1': { package: 'libatomic1', prefix: 'LIBATOMIC_', since: () => undefined },
};

/**
 * What a program makes its package depend on, as a control file has it.
 * @throws Error for a library of which no package is known here: it would be missing where the package is installed
 */
export function dependencies({ needed, versions }: Elf): string[] {
  const least = new Map<string, string | undefined>();
  for (const library of needed) {
    const provider = providers[library];
    if (provider === undefined) {
      throw new Error(`It needs ${library}. Give a Node that is one file, as those of nodejs.org are`);
    }
    const wanted = (versions.get(library) ?? [])
      .filter((version) => version.startsWith(provider.prefix))
      .map((version) => provider.since(version.slice(provider.prefix.length)));
    const known = least.get(provider.package);
    least.set(provider.package, [known, ...wanted].reduce(later));
  }
  return [...least]
    .map(([name, version]) => (version === undefined ? name : `${name} (>= ${version})`))
    .sort();
}

/** The later of two versions that are numbers with dots between them. */
function later(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.localeCompare(other, 'en', { numeric: true }) < 0 ? other : one;
}
