import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { needing } from '../support/needs.ts';

// The examples with labels as hostile containers have them. The docker is one that fills in templates as the real one does.

const example = (name: string) => fileURLToPath(new URL(`../../examples/hooks/${name}`, import.meta.url));

let folder: string;
const at = (name: string) => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dll-examples-'));
  mkdirSync(at('bin'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Container {
  readonly labels: { readonly [name: string]: string };
  readonly addresses: readonly string[];
}

/** Installs a docker that knows these containers, by `docker ps` and `docker inspect --format`. */
function installDocker(containers: { readonly [id: string]: Container }, ps = 0): void {
  const text = `#!${process.execPath}
const containers = ${JSON.stringify(containers)};
const [command, ...words] = process.argv.slice(2);
require('fs').appendFileSync(${JSON.stringify(at('calls'))}, JSON.stringify(process.argv.slice(2)) + '\\n');
if (command === 'ps') { console.log(Object.keys(containers).join('\\n')); process.exit(${ps}); }
if (command === 'volume') process.exit(1);
const container = containers[words.at(-1)];
if (!container) process.exit(1);
const label = (name) => container.labels[name] ?? '';
console.log(words[words.indexOf('--format') + 1]
  .replace(/\\{\\{range \\.NetworkSettings\\.Networks\\}\\}\\{\\{\\.IPAddress\\}\\} \\{\\{end\\}\\}/, () => container.addresses.map((a) => a + ' ').join(''))
  .replace(/\\{\\{json \\(index \\.Config\\.Labels "([^"]*)"\\)\\}\\}/g, (_, name) => JSON.stringify(label(name)))
  .replace(/\\{\\{with index \\.Config\\.Labels "([^"]*)"\\}\\}\\{\\{\\.\\}\\}\\{\\{else\\}\\}([^{]*)\\{\\{end\\}\\}/g, (_, name, or) => label(name) || or)
  .replace(/\\{\\{index \\.Config\\.Labels "([^"]*)"\\}\\}/g, (_, name) => label(name)));
`;
  writeFileSync(at('bin/docker'), text);
  chmodSync(at('bin/docker'), 0o755);
}

function run(name: string, environment: NodeJS.ProcessEnv = {}) {
  return spawnSync(example(name), ['container_start'], {
    encoding: 'utf8',
    env: {
      PATH: `${at('bin')}:${process.env.PATH}`,
      DOCKER_EVENT_NAME: 'web',
      DOCKER_EVENT_ID: 'a',
      PROXY_FILE: at('proxy.conf'),
      PROXY_RELOAD: `echo >>${at('reloads')}`,
      ...environment,
    },
  });
}

const proxied = () =>
  [...readFileSync(at('proxy.conf'), 'utf8').matchAll(/server_name (.*);\n.*proxy_pass (.*);/g)].map(
    ([, host, to]) => `${host} → ${to}`,
  );

describe.each(['on_container_start/60-proxy', 'on_container_die/60-proxy'])(
  '%s',
  needing('linux'),
  (hook) => {
    test('writes a server for each container with a name, and the port that it names', () => {
      installDocker({
        a: { labels: { 'proxy.host': 'a.example' }, addresses: ['172.17.0.2', '172.18.0.2'] },
        b: { labels: { 'proxy.host': 'b.example', 'proxy.port': '8080' }, addresses: ['', '172.17.0.3'] },
      });
      expect(run(hook).status).toBe(0);
      expect(proxied()).toEqual(['a.example → http://172.17.0.2:80', 'b.example → http://172.17.0.3:8080']);
    });

    test.each([
      ['an address behind the name', { 'proxy.host': 'a 80 evil.example/x' }],
      ['an address behind the port', { 'proxy.host': 'a', 'proxy.port': '80 evil.example' }],
      ['a line of its own', { 'proxy.host': 'a\n80\nevil.example' }],
      ['a directive', { 'proxy.host': 'a; } server { listen 81' }],
      ['a directive as port', { 'proxy.host': 'a', 'proxy.port': '80; return 200 "x"' }],
      ['every name there is', { 'proxy.host': '.com' }],
      ['a port that there is not', { 'proxy.host': 'a', 'proxy.port': '65536' }],
      ['port 0', { 'proxy.host': 'a', 'proxy.port': '0' }],
      ['a quote', { 'proxy.host': '"a"' }],
      ['a command', { 'proxy.host': '$(touch pwned)' }],
    ])('a label with %s changes nothing for the others', (_name, labels) => {
      installDocker({
        a: { labels, addresses: ['172.17.0.2'] },
        b: { labels: { 'proxy.host': 'b.example' }, addresses: ['172.17.0.3'] },
      });
      expect(run(hook).status).toBe(0);
      expect(proxied()).toEqual(['b.example → http://172.17.0.3:80']);
    });

    test('a Docker that does not answer leaves the file as it is', () => {
      installDocker({ a: { labels: { 'proxy.host': 'a.example' }, addresses: ['172.17.0.2'] } });
      run(hook);
      installDocker({}, 1);
      expect(run(hook).status).not.toBe(0);
      expect(proxied()).toEqual(['a.example → http://172.17.0.2:80']);
    });
  },
);

test('40-backup takes names of volumes from a label, and no options and patterns', needing('linux'), () => {
  installDocker({});
  const labels = '--format=x,../../etc,*,good';
  const { status, stderr } = run('on_container_die/40-backup', {
    DOCKER_EVENT_LABEL_BACKUP_VOLUMES: labels,
    BACKUP_DIR: at('backup'),
  });
  expect(status).toBe(1);
  expect(stderr.match(/no name of a volume: .*/g)).toEqual([
    'no name of a volume: --format=x',
    'no name of a volume: ../../etc',
    'no name of a volume: *',
  ]);
  expect(existsSync(at('calls')) && readFileSync(at('calls'), 'utf8').match(/"volume".*/g)).toEqual([
    expect.stringContaining('"good"'),
  ]);
});
