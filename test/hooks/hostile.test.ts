import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  linkSync,
  lstatSync,
  mkdirSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HookQueue } from '../../src/hooks/queue.ts';
import type { HookReport } from '../../src/hooks/report.ts';
import { foldersWithAccessLists } from '../../src/listener/trusted-folders.ts';
import { walkToFile, walkToFolder } from '../../src/system/trust.ts';
import { createHookStage, type HookStage, transition } from '../support/hook-stage.ts';
import { needing } from '../support/needs.ts';
import { room } from '../support/wait-for.ts';

/** How long the swapping goes on, in ms: `DLL_SWAP_MS=30000` for as long as it takes to believe it. */
const swapFor = Number(process.env.DLL_SWAP_MS ?? 4000);

/** Somebody on this machine who is not root, and has no account even. */
const stranger = 54_321;

let stage: HookStage;
beforeEach(() => {
  stage = createHookStage();
  chmodSync(stage.folder, 0o755);
  mkdirSync(stage.path('loot'), { mode: 0o777 });
  chmodSync(stage.path('loot'), 0o777);
});
afterEach(() => stage.clear());

/** What the stranger wants to be run, which leaves a trace of whose rights it ran with. */
const evil = () => `#!/bin/sh\nid -u >>"${stage.path('loot')}/ran"\n`;
const loot = () => stage.lines('loot/ran');

/** A folder of the stranger's own. */
function strangersFolder(name: string): string {
  mkdirSync(stage.path(name));
  chownSync(stage.path(name), stranger, stranger);
  return stage.path(name);
}

function strangersHook(path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, evil());
  chmodSync(path, 0o755);
  chownSync(path, stranger, stranger);
  return path;
}

/** Runs on_start and while_running of any folder; what was refused, by the components at fault. */
async function refusalsIn(scriptDir: string): Promise<string[]> {
  const reports: HookReport[] = [];
  const never = new AbortController().signal;
  const report = (event: HookReport) => void reports.push(event);
  const queue = new HookQueue({ ...stage.host, scriptDir, atOnce: never, report }, never);
  queue.push(transition('start'));
  await queue.idle();
  const faults = reports.flatMap((report) => {
    if (report.kind === 'hook-refused') return [report.admission.path];
    return report.kind === 'folder-refused' ? [report.refusal.path] : [];
  });
  return [...new Set(faults)];
}

describe('as root, what another user can change is not run', needing('root'), () => {
  test('their own hook in root’s folder', async () => {
    mkdirSync(stage.path('on_start'));
    const path = strangersHook(stage.path('on_start/a'));
    expect(await refusalsIn(stage.folder)).toEqual([path]);
    expect(loot()).toEqual([]);
  });

  test('root’s own hook in their folder', async () => {
    const folder = strangersFolder('on_start');
    stage.hook('on_start/a', evil());
    expect(await refusalsIn(stage.folder)).toEqual([folder]);
    expect(loot()).toEqual([]);
  });

  test.each([
    ['writable by everybody', 0o777],
    ['writable by everybody, but sticky', 0o1777],
    ['writable by its group, which is root’s', 0o775],
    ['writable by its group, and sticky', 0o1775],
  ])('a folder on the way that is %s', async (_name, mode) => {
    const folder = stage.path('way');
    stage.hook('way/hooks/on_start/a', evil());
    chmodSync(folder, mode);
    expect(await refusalsIn(join(folder, 'hooks'))).toEqual([folder]);
    // On the resolved path, too.
    symlinkSync(join(folder, 'hooks'), stage.path('link'));
    expect(await refusalsIn(stage.path('link'))).toEqual([folder]);
    expect(loot()).toEqual([]);
  });

  test.each(['777', '775', '722'])('a hook with mode %s', async (octal) => {
    const mode = Number.parseInt(octal, 8);
    const path = stage.hook('on_start/a', evil(), mode);
    expect(await refusalsIn(stage.folder)).toEqual([path]);
    expect(loot()).toEqual([]);
  });

  test('root’s link to their hook', async () => {
    const folder = strangersFolder('theirs');
    mkdirSync(stage.path('on_start'));
    symlinkSync(strangersHook(join(folder, 'evil')), stage.path('on_start/a'));
    expect(await refusalsIn(stage.folder)).toEqual([folder]);
    expect(loot()).toEqual([]);
  });

  test('root’s link, by way of theirs, to root’s own hook', async () => {
    const folder = strangersFolder('theirs');
    symlinkSync(stage.hook('good', evil()), join(folder, 'hop'));
    mkdirSync(stage.path('on_start'));
    symlinkSync(join(folder, 'hop'), stage.path('on_start/a'));
    expect(await refusalsIn(stage.folder)).toEqual([folder]);
    // And a link of theirs that was moved into root's folder.
    symlinkSync(stage.path('good'), stage.path('on_stop'));
    const theirLink = stage.path('their-link');
    symlinkSync(stage.path('good-folder'), theirLink);
    spawnSync('chown', ['-h', String(stranger), theirLink]);
    expect(lstatSync(theirLink).uid).toBe(stranger);
    expect(await refusalsIn(theirLink)).toEqual([theirLink]);
    expect(loot()).toEqual([]);
  });

  test('a script folder that is their link', async () => {
    const folder = strangersFolder('theirs');
    stage.hook('good/on_start/a', evil());
    symlinkSync(stage.path('good'), join(folder, 'hooks'));
    expect(await refusalsIn(join(folder, 'hooks'))).toEqual([folder]);
    expect(loot()).toEqual([]);
  });

  test('a script with a set-user-ID bit', async () => {
    const path = stage.hook('on_start/a', evil(), 0o4755);
    expect(await refusalsIn(stage.folder)).toEqual([path]);
    expect(loot()).toEqual([]);
  });

  test('a folder of theirs on the way that is left again by ..', async () => {
    const folder = strangersFolder('theirs');
    stage.hook('good/on_start/a', evil());
    expect(await refusalsIn(`${folder}/../good`)).toEqual([]);
    // `..` in what is given is taken out by the shell's rules before the walk; in a link it is not.
    symlinkSync('theirs/../good', stage.path('link'));
    expect(await refusalsIn(stage.path('link'))).toEqual([folder]);
    expect(loot()).toEqual(['0']);
  });

  test('a hook that root’s hook has just opened to them', async () => {
    const next = stage.path('on_start/b');
    stage.hook('on_start/a', `chown ${stranger} "${next}"`);
    stage.hook('on_start/b', evil());
    expect(await refusalsIn(stage.folder)).toEqual([next]);
    expect(loot()).toEqual([]);
  });

  test('a second name that they have for root’s hook changes nothing', async () => {
    const folder = strangersFolder('theirs');
    linkSync(stage.hook('on_start/a', evil()), join(folder, 'mine'));
    expect(await refusalsIn(stage.folder)).toEqual([]);
    expect(loot()).toEqual(['0']);
  });
});

describe('run by another user', needing('root'), () => {
  test('root’s and their own are trusted, and no other user’s', () => {
    const own = strangersHook(join(strangersFolder('home'), 'a'));
    const roots = stage.hook('b', evil());
    expect(walkToFile(own, stranger).trusted).toBe(true);
    expect(walkToFile(roots, stranger).trusted).toBe(true);
    expect(walkToFile(own, stranger + 1)).toMatchObject({
      refusal: { cause: { kind: 'owner', uid: stranger, trusted: stranger + 1 } },
    });
  });
});

describe('access control lists (where setfacl is installed)', needing('root', 'setfacl'), () => {
  const grant = (path: string, ...words: string[]) =>
    expect(spawnSync('setfacl', [...words, path]).status).toBe(0);

  test('one that lets another user write a hook, or a folder on the way, is seen', async () => {
    const path = stage.hook('on_start/a', evil());
    grant(path, '-m', `u:${stranger}:rwx`);
    expect(await refusalsIn(stage.folder)).toEqual([path]);
    grant(path, '-b');
    expect(await refusalsIn(stage.folder)).toEqual([]);
    grant(stage.path('on_start'), '-m', `u:${stranger}:rwx`);
    expect(await refusalsIn(stage.folder)).toEqual([stage.path('on_start')]);
    expect(loot()).toHaveLength(1);
  });

  test('one that its mask makes void is no harm', async () => {
    const path = stage.hook('on_start/a', evil());
    grant(path, '-m', `u:${stranger}:rwx,m::rx`);
    expect(await refusalsIn(stage.folder)).toEqual([]);
  });

  test('a default one, which no mode shows, is reported; and what it makes of new files is refused', async () => {
    stage.hook('on_start/a', evil());
    const folder = stage.path('on_start');
    expect(await foldersWithAccessLists([folder])).toEqual([]);
    grant(folder, '-d', '-m', `u:${stranger}:rwx`);
    expect(walkToFolder(folder, 0).trusted).toBe(true);
    expect(await foldersWithAccessLists([stage.folder, folder])).toEqual([folder]);
    symlinkSync(folder, stage.path('linked'));
    expect(await foldersWithAccessLists([stage.path('linked')])).toEqual([stage.path('linked')]);
    const made = join(folder, 'b');
    spawnSync('sh', ['-c', 'umask 0; printf "#!/bin/sh\\n" >"$1"; chmod a+x "$1"', 'sh', made]);
    expect(await refusalsIn(stage.folder)).toEqual([made]);
  });
});

test('a folder that is mounted noexec is reported', needing('linux', 'root'), async () => {
  mkdirSync(stage.path('on_start'));
  const disk = spawnSync('mount', ['-t', 'tmpfs', '-o', 'noexec,mode=755', 'tmpfs', stage.path('on_start')]);
  expect(disk.status, String(disk.stderr)).toBe(0);
  try {
    const path = stage.hook('on_start/a', evil());
    await stage.run('start');
    expect(stage.of('hook-refused')).toMatchObject([
      { admission: { path, cause: { kind: 'not-executable', code: 'EACCES' } } },
    ]);
  } finally {
    spawnSync('umount', [stage.path('on_start')]);
  }
});

describe('a hook that the settings give to a user', needing('root'), () => {
  const account = { uid: stranger, gid: stranger + 1, username: 'jo', home: '/home/jo', shell: '/bin/zsh' };

  test.each([
    ['without further groups', [] as number[], `${stranger + 1}`],
    ['with them', [44, 999], `${stranger + 1} 44 999`],
  ])('has their rights and user and no others, %s', async (_name, groups, expected) => {
    await stage.clear();
    stage = createHookStage({ hooks: new Map([['on_start/a', { user: { ...account, groups } }]]) });
    chmodSync(stage.folder, 0o755);
    stage.hook('on_start/a', 'id -u; id -G; echo "$USER $LOGNAME $HOME $SHELL $0 $1"; echo "$TZ$LC_ALL"');
    stage.hook('on_start/b', 'id -u; echo "$USER"');
    const { TZ } = process.env;
    process.env.TZ = 'UTC';
    await stage.run('start');
    if (TZ === undefined) delete process.env.TZ;
    else process.env.TZ = TZ;
    expect(stage.printed()).toEqual([
      String(stranger),
      expected,
      `jo jo /home/jo /bin/zsh ${stage.path('on_start/a')} start`,
      // Nothing of what root was started with.
      '',
      '0',
      stage.host.account.username,
    ]);
  });

  test('is not started when they may not run it', async () => {
    await stage.clear();
    stage = createHookStage({ hooks: new Map([['on_start/a', { user: { ...account, groups: [] } }]]) });
    chmodSync(stage.folder, 0o755);
    const program = stage.hook('on_start/a', 'echo a', 0o700);
    await stage.run('start');
    expect(stage.of('hook-ended')[0]?.outcome).toEqual({ kind: 'not-started', code: 'EACCES', program });
  });

  test('is ended with its group like any other', async () => {
    await stage.clear();
    const user = { ...account, groups: [44] };
    stage = createHookStage({
      timeout: { start: 300, stop: 300 },
      hooks: new Map([['on_start/a', { user }]]),
    });
    chmodSync(stage.folder, 0o755);
    stage.hook('on_start/a', 'sleep 60 & sleep 60');
    await stage.run('start');
    expect(stage.of('hook-ended')[0]?.outcome).toEqual({ kind: 'ended', why: 'timeout', how: 'terminated' });
  });
});

describe('while another user swaps links and folders as fast as it goes', needing('root', 'perl'), () => {
  let swapper: ChildProcess;
  let theirs: string;

  beforeEach(async () => {
    theirs = strangersFolder('theirs');
    stage.hook('good/on_start/a', `echo good >>"${stage.path('good-runs')}"`);
    strangersHook(join(theirs, 'bad/on_start/a'));
    for (const name of ['good-dir', 'bad-dir']) {
      cpSync(stage.path('good'), join(theirs, name), { recursive: true });
    }
    writeFileSync(join(theirs, 'bad-dir/on_start/a'), evil());
    spawnSync('chown', ['-R', String(stranger), join(theirs, 'bad'), join(theirs, 'bad-dir')]);
    const program = fileURLToPath(new URL('../support/swap.pl', import.meta.url));
    cpSync(program, stage.path('swap.pl'));
    swapper = spawn(
      '/usr/bin/perl',
      [stage.path('swap.pl'), theirs, stage.path('good'), join(theirs, 'bad')],
      {
        uid: stranger,
        gid: stranger,
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    await once(swapper.stdout as NodeJS.ReadableStream, 'data');
  });
  afterEach(async () => {
    const over = once(swapper, 'exit');
    swapper.kill('SIGKILL');
    await over;
  });

  test('a runner that checks where a link leads and then runs the link is fooled by it', async () => {
    const path = join(theirs, 'current/on_start/a');
    const until = Date.now() + room();
    while (loot().length === 0 && Date.now() < until) {
      try {
        if (statSync(realpathSync(path)).uid === 0) spawnSync(path);
      } catch {}
      await new Promise(setImmediate);
    }
    expect(loot()[0]).toBe('0');
  });

  test('nothing of theirs ever runs', async () => {
    mkdirSync(stage.path('linked/on_start'), { recursive: true });
    symlinkSync(join(theirs, 'current/on_start/a'), stage.path('linked/on_start/a'));
    symlinkSync(join(theirs, 'current/on_start'), stage.path('on_start'));
    const folders = [join(theirs, 'current'), join(theirs, 'dir'), stage.path('linked'), stage.folder];
    const until = Date.now() + swapFor;
    let rounds = 0;
    let refused = 0;
    for (; Date.now() < until; rounds++) {
      for (const folder of folders) refused += (await refusalsIn(folder)).length;
      await refusalsIn(stage.path('good'));
    }
    expect(loot()).toEqual([]);
    expect(stage.lines('good-runs')).toHaveLength(rounds);
    expect(refused).toBeGreaterThanOrEqual(3 * rounds);
  });
});
