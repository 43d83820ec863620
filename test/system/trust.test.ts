import { rmSync, symlinkSync } from 'node:fs';
import { join, posix } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FileStats, type FileTree, walk, walkToFile, walkToFolder } from '../../src/system/trust.ts';
import { makePrivateFolder } from '../support/private-folder.ts';

type Node = {
  readonly type: 'folder' | 'file' | 'link' | 'pipe';
  uid: number;
  mode: number;
  target?: string;
};

const me = 1000;
const stranger = 4242;

const folder = (uid = 0, mode = 0o755): Node => ({ type: 'folder', uid, mode });
const file = (uid = 0, mode = 0o755): Node => ({ type: 'file', uid, mode });
const link = (target: string, uid = 0): Node => ({ type: 'link', uid, mode: 0o777, target });

/** A file system in memory: every path is its own entry, and links are reported, not followed. */
function tree(
  entries: Record<string, Node>,
  mounts: ReadonlyMap<string, number> = new Map(),
): FileTree & { readonly asked: string[] } {
  const nodes = new Map(Object.entries({ '/': folder(), ...entries }));
  const asked: string[] = [];
  function find(path: string): Node {
    const node = nodes.get(path);
    if (node === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
    return node;
  }
  return {
    asked,
    lstat(path): FileStats {
      asked.push(path);
      const { type, uid, mode } = find(path);
      return {
        uid,
        mode: mode | 0o100_000,
        gid: 7,
        nlink: 1,
        dev: mounts.has(path) ? 2 : 1,
        isDirectory: () => type === 'folder',
        isFile: () => type === 'file',
        isSymbolicLink: () => type === 'link',
      };
    },
    readlink: (path) => find(path).target ?? '',
    mounter(path) {
      const uid = mounts.get(path);
      return uid === undefined ? undefined : { uid };
    },
  };
}

const plain = { '/etc': folder(), '/etc/hooks': folder(), '/etc/hooks/a': file() };

test('trusts a path that root alone can change, and asks for each component once', () => {
  const files = tree(plain);
  expect(walk('/etc/hooks/a', 0, files)).toMatchObject({ trusted: true, resolved: '/etc/hooks/a' });
  expect(files.asked).toEqual(['/', '/etc', '/etc/hooks', '/etc/hooks/a']);
});

test('takes no notice of doubled slashes and dots, and takes .. as the kernel does', () => {
  const files = tree({ ...plain, '/home': folder(), '/home/h': link('/etc/hooks') });
  expect(walk('//etc/./hooks//a', 0, files)).toMatchObject({ resolved: '/etc/hooks/a' });
  expect(files.asked).toEqual(['/', '/etc', '/etc/hooks', '/etc/hooks/a']);
  // The parent of where the link leads, not of the link.
  expect(walk('/home/h/../hooks/a', 0, files)).toMatchObject({ resolved: '/etc/hooks/a' });
  expect(walk('/../../etc', 0, files)).toMatchObject({ resolved: '/etc' });
  expect(walk('/', 0, files)).toMatchObject({ trusted: true, resolved: '/' });
});

describe.each(['/', '/etc', '/etc/hooks', '/etc/hooks/a'])('something wrong with %s', (path) => {
  const intact: Record<string, Node> = { '/': folder(), ...plain };
  const original = intact[path] as Node;

  test.each([
    ['group', 0o775],
    ['others', 0o757],
    ['both', 0o777],
  ])('writable by %s: told with mode and group', (_whom, mode) => {
    const files = tree({ ...intact, [path]: { ...original, mode } });
    expect(walk('/etc/hooks/a', 0, files)).toEqual({
      trusted: false,
      refusal: { path, cause: { kind: 'writable', mode, gid: 7, sticky: false } },
    });
  });

  test('owned by another user: reported with the user', () => {
    const files = tree({ ...intact, [path]: { ...original, uid: stranger } });
    expect(walk('/etc/hooks/a', 0, files)).toEqual({
      trusted: false,
      refusal: { path, cause: { kind: 'owner', uid: stranger, trusted: 0 } },
    });
    expect(walk('/etc/hooks/a', me, files)).toMatchObject({
      refusal: { cause: { kind: 'owner', uid: stranger, trusted: me } },
    });
  });

  test('owned by the user: only that user trusts it', () => {
    const files = tree({ ...intact, [path]: { ...original, uid: me } });
    expect(walk('/etc/hooks/a', me, files).trusted).toBe(true);
    expect(walk('/etc/hooks/a', 0, files).trusted).toBe(false);
  });
});

test('a sticky bit is no excuse', () => {
  const files = tree({ ...plain, '/etc': folder(0, 0o1777) });
  expect(walk('/etc/hooks/a', 0, files)).toMatchObject({
    refusal: { path: '/etc', cause: { kind: 'writable', mode: 0o1777, sticky: true } },
  });
  // On a file it means nothing.
  const odd = tree({ ...plain, '/etc/hooks/a': file(0, 0o1777) });
  expect(walk('/etc/hooks/a', 0, odd)).toMatchObject({ refusal: { cause: { sticky: false } } });
});

describe('links', () => {
  const target = { '/opt': folder(), '/opt/real': file() };

  test('leads where each hop does, absolute and relative', () => {
    const files = tree({
      ...plain,
      ...target,
      '/etc/hooks/b': link('c'),
      '/etc/hooks/c': link('../../opt/d'),
      '/opt/d': link('/opt/real'),
    });
    expect(walk('/etc/hooks/b', 0, files)).toMatchObject({ trusted: true, resolved: '/opt/real' });
  });

  test('each link is root’s', () => {
    const files = tree({ ...plain, ...target, '/etc/hooks/b': link('/opt/real', stranger) });
    expect(walk('/etc/hooks/b', 0, files)).toMatchObject({
      refusal: { path: '/etc/hooks/b', cause: { kind: 'owner', uid: stranger } },
    });
    // Even when it was the user's, for the user.
    expect(walk('/etc/hooks/b', stranger, files).trusted).toBe(true);
  });

  test('every folder on the way to the target is looked at too', () => {
    const files = tree({ ...plain, ...target, '/opt': folder(0, 0o777), '/etc/hooks/b': link('/opt/real') });
    expect(walk('/etc/hooks/b', 0, files)).toMatchObject({ refusal: { path: '/opt' } });
  });

  test('the way as written is looked at even when it is left again', () => {
    const files = tree({ ...plain, '/home': folder(stranger), '/home/h': folder() });
    expect(walk('/home/../etc/hooks/a', 0, files)).toMatchObject({ refusal: { path: '/home' } });
  });

  test('circles and long chains end', () => {
    const files = tree({ ...plain, '/etc/x': link('y'), '/etc/y': link('x') });
    expect(walk('/etc/x', 0, files)).toMatchObject({ refusal: { cause: { kind: 'too-many-links' } } });
    const chain = (length: number) =>
      tree({
        ...plain,
        ...Object.fromEntries(
          Array.from({ length }, (_, n) => [`/etc/l${n}`, link(n + 1 === length ? 'hooks' : `l${n + 1}`)]),
        ),
      });
    expect(walk('/etc/l0/a', 0, chain(40))).toMatchObject({ trusted: true, resolved: '/etc/hooks/a' });
    expect(walk('/etc/l0/a', 0, chain(41))).toMatchObject({
      refusal: { path: '/etc/l40', cause: { kind: 'too-many-links' } },
    });
  });

  test('a dangling link is reported by what is missing', () => {
    const files = tree({ ...plain, '/etc/hooks/b': link('/opt/none') });
    expect(walk('/etc/hooks/b', 0, files)).toMatchObject({
      refusal: { path: '/opt', cause: { kind: 'missing' } },
    });
  });
});

test('what is missing and what cannot be read are distinguished', () => {
  expect(walk('/etc/none', 0, tree(plain))).toEqual({
    trusted: false,
    refusal: { path: '/etc/none', cause: { kind: 'missing' } },
  });
  const files = tree(plain);
  const closed: FileTree = {
    ...files,
    lstat(path) {
      if (path === '/etc/hooks') throw Object.assign(new Error(), { code: 'EACCES' });
      return files.lstat(path);
    },
  };
  expect(walk('/etc/hooks/a', 0, closed)).toEqual({
    trusted: false,
    refusal: { path: '/etc/hooks', cause: { kind: 'unreadable', code: 'EACCES' } },
  });
  const odd: FileTree = {
    ...files,
    readlink: () => {
      throw new Error('without a code');
    },
  };
  const withLink = tree({ ...plain, '/etc/b': link('hooks') });
  expect(walk('/etc/b', 0, { ...odd, lstat: withLink.lstat })).toMatchObject({
    refusal: { path: '/etc/b', cause: { kind: 'unreadable', code: 'UNKNOWN' } },
  });
});

test('a file system that another user mounted is refused where the path enters it', () => {
  const at = (uid: number) => walk('/etc/hooks/a', me, tree(plain, new Map([['/etc/hooks', uid]])));
  expect(at(stranger)).toEqual({
    trusted: false,
    refusal: { path: '/etc/hooks', cause: { kind: 'user-mount', mounter: stranger } },
  });
  expect(at(0).trusted).toBe(true);
  expect(at(me).trusted).toBe(true);
});

test('a file on the way is no folder', () => {
  expect(walk('/etc/hooks/a/b', 0, tree(plain))).toEqual({
    trusted: false,
    refusal: { path: '/etc/hooks/a', cause: { kind: 'not-a-folder' } },
  });
});

test('looks at the real files of this machine', () => {
  const folder = makePrivateFolder('dll-trust-', process.geteuid?.() ?? 0, process.env);
  try {
    symlinkSync(folder, join(folder, 'loop'));
    expect(walk(join(folder, 'loop/loop'), process.geteuid?.() ?? 0)).toMatchObject({
      trusted: true,
      resolved: folder,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('asks for a folder or a file', () => {
  const pipe: Node = { type: 'pipe', uid: 0, mode: 0o600 };
  const files = tree({ ...plain, '/etc/p': pipe, '/etc/l': link('hooks') });
  expect(walkToFolder('/etc/hooks', 0, files).trusted).toBe(true);
  expect(walkToFolder('/etc/l', 0, files)).toMatchObject({ trusted: true, resolved: '/etc/hooks' });
  expect(walkToFolder('/etc/hooks/a', 0, files)).toMatchObject({
    refusal: { cause: { kind: 'not-a-folder' } },
  });
  expect(walkToFolder('/etc/none', 0, files)).toMatchObject({ refusal: { cause: { kind: 'missing' } } });
  expect(walkToFile('/etc/hooks/a', 0, files).trusted).toBe(true);
  expect(walkToFile('/etc/hooks', 0, files)).toMatchObject({ refusal: { cause: { kind: 'not-a-file' } } });
  expect(walkToFile('/etc/p', 0, files)).toMatchObject({ refusal: { path: '/etc/p' } });
  expect(walkToFile('/etc/none', 0, files)).toMatchObject({ refusal: { cause: { kind: 'missing' } } });
});

/** Names are few, so that links often lead somewhere. */
const names = ['a', 'b', 'c'];
const paths = [...names, ...names.flatMap((one) => names.map((other) => `${one}/${other}`))].map(
  (p) => `/${p}`,
);
const step = fc.constantFrom(...names, '..', '.');
const target = fc
  .tuple(fc.boolean(), fc.array(step, { minLength: 1, maxLength: 3 }))
  .map(([absolute, steps]) => `${absolute ? '/' : ''}${steps.join('/')}`);
const node = fc.record({
  type: fc.constantFrom<Node['type']>('folder', 'folder', 'file', 'link'),
  uid: fc.constantFrom(0, 0, 0, me, stranger),
  mode: fc.constantFrom(0o755, 0o755, 0o700, 0o775, 0o757),
  target,
});

test('for all trees: what is trusted cannot be changed by anybody else, on any way to it', () => {
  let trusted = 0;
  const entries = fc.record(Object.fromEntries(paths.map((path) => [path, node])), { requiredKeys: [] });
  fc.assert(
    fc.property(entries, fc.array(step, { minLength: 1, maxLength: 4 }), (nodes, steps) => {
      const files = tree(nodes as Record<string, Node>);
      const walked = walk(`/${steps.join('/')}`, me, files);
      if (!walked.trusted) return;
      trusted += 1;
      // Whatever was asked about on the way, as written and as resolved, is safe; so is each of its parents.
      for (const path of files.asked.flatMap((asked) => [asked, posix.dirname(asked)])) {
        const entry = nodes[path as keyof typeof nodes] as Node | undefined;
        if (entry === undefined) expect(path).toBe('/');
        else {
          expect([0, me]).toContain(entry.uid);
          if (entry.type !== 'link') expect(entry.mode & 0o022).toBe(0);
        }
      }
      expect(files.asked).toContain(walked.resolved);
      expect((nodes as Record<string, Node>)[walked.resolved]?.type).not.toBe('link');
    }),
    { numRuns: 5000 },
  );
  expect(trusted).toBeGreaterThan(50);
});
