import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packagedFiles } from '../../packaging/deb/files.ts';
import { writePackage } from '../../packaging/deb/package.ts';
import { companionUnit, serviceUnit } from '../../src/service/layout.ts';
import { settingsFileText } from '../../src/service/settings-file.ts';
import { needing } from '../support/needs.ts';
import { makePrivateFolder } from '../support/private-folder.ts';
import { runProgram } from '../support/program.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const scripts = join(root, 'packaging', 'deb');
const name = 'docker-lifecycle-listener';

describe('the Debian package', needing('dpkg'), () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'package-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** A package with a Node that is none, so that it takes no time. */
  function make(into: string, umask: number): string {
    const node = join(folder, 'node');
    writeFileSync(node, 'no Node');
    const before = process.umask(umask);
    try {
      const stage = mkdtempSync(join(folder, 'stage-'));
      mkdirSync(join(folder, into));
      const elf = { architecture: 'amd64', needed: ['libc.so.6'], versions: new Map() };
      const version = '1.2.3';
      const files = packagedFiles({ name, version, root, node, nodeLicence: 'Free', changelog: 'changes\n' });
      const about = { name, version, maintainer: 'Ann <ann@example.org>', node: elf };
      return writePackage(
        { about, files, scripts, stage, epoch: 1_700_000_000, compression: 'small' },
        join(folder, into),
      );
    } finally {
      process.umask(before);
    }
  }

  test('is the same to the last byte, whenever it is made and whatever the umask', () => {
    const one = make('one', 0o022);
    utimesSync(join(root, 'dist', `${name}.js`), new Date(), new Date());
    const other = make('other', 0o077);
    expect(readFileSync(other).equals(readFileSync(one))).toBe(true);
    expect(one).toMatch(/docker-lifecycle-listener_1\.2\.3_amd64\.deb$/);
  });

  test('has nothing that anybody but root owns or may change, and settings alone as conffiles', () => {
    const path = make('contents', 0o022);
    const lines = execFileSync('dpkg-deb', ['--contents', path], { encoding: 'utf8' }).trimEnd().split('\n');
    for (const line of lines)
      expect(line).toMatch(/^(d[rwx]{3}r-xr-x|-rw[x-]r-[x-]r-[x-]|lrwxrwxrwx) root\/root /);
    const found = lines.map((line) => line.replace(/^.* \.\//, '/'));
    for (const expected of [
      `/usr/lib/${name}/current -> 1.2.3`,
      `/usr/lib/${name}/1.2.3/node`,
      `/usr/lib/${name}/1.2.3/${name}.js`,
      `/usr/lib/systemd/system/${serviceUnit}`,
      `/usr/lib/systemd/system/${companionUnit}`,
      `/usr/bin/${name}`,
      `/etc/${name}.toml`,
      ...['on_start', 'on_stop', 'while_running'].map((event) => `/etc/${name}.d/${event}/`),
      '/usr/lib/docker/cli-plugins/docker-lifecycle',
      `/usr/share/bash-completion/completions/${name}`,
      `/usr/share/zsh/vendor-completions/_${name}`,
      `/usr/share/man/man1/${name}.1.gz`,
      `/usr/share/doc/${name}/copyright`,
      `/usr/share/doc/${name}/changelog.gz`,
    ]) {
      expect(found).toContain(expected);
    }
    const control = (field: string) =>
      execFileSync('dpkg-deb', ['--info', path, field], { encoding: 'utf8' }).trimEnd().split('\n');
    expect(control('conffiles')).toEqual([`/etc/${name}.toml`]);
    const summed = control('md5sums').map((line) => `/${line.slice(34)}`);
    const files = found.filter((line) => !/ -> |\/$/.test(line) && line !== `/etc/${name}.toml`);
    expect(summed.sort()).toEqual(files.sort());
    expect(control('control')).toContain('Depends: libc6');
  });
});

test('the settings file says nothing, and what is commented out in it are the defaults', async () => {
  const text = settingsFileText('/usr/share/doc', '/etc/hooks');
  expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([]);
  const folder = makePrivateFolder('dll-settings-', process.geteuid?.() ?? 0, process.env);
  try {
    const path = join(folder, 'settings.toml');
    writeFileSync(path, text.replace(/^#(?=[a-z])/gm, ''));
    const { DOCKER_HOST: _, DOCKER_CONTEXT: __, ...rest } = process.env;
    const environment = { ...rest, DOCKER_CONFIG: folder };
    const check = (config: string) =>
      runProgram(['config', 'check', folder, '--config', config, '--host', 'unix:///var/run/docker.sock'], {
        environment,
      });
    const [bare, given] = [await check('none'), await check(path)];
    const values = (output: string) => output.replace(/ +# .*/gm, '').replace(/^# .*\n/, '');
    expect(given).toMatchObject({ code: 0, errors: '' });
    expect(values(given.output)).toBe(values(bare.output));
    // All of them were read but hosts, which the command line says, lest it be looked for on this machine.
    const commentedOut = text.match(/^#[a-z]/gm)?.length ?? 0;
    expect(given.output.match(/settings\.toml, line/g)?.length).toBe(commentedOut - 1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each(['preinst', 'postinst', 'prerm', 'postrm'])('%s is a script, and names our units', (script) => {
  const path = join(scripts, script);
  expect(spawnSync('sh', ['-n', path])).toMatchObject({ status: 0 });
  const text = readFileSync(path, 'utf8');
  for (const [unit] of text.matchAll(/docker-lifecycle-[\w-]+\.service/g)) {
    expect([serviceUnit, companionUnit]).toContain(unit);
  }
  expect(text).not.toMatch(/systemctl (--\S+ )*(re)?(start|stop)|docker\.service.*\b(re)?(start|stop)/);
});
