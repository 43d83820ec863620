import { expect, test } from 'vitest';
import { UserError } from '../../../src/system/user-error.ts';
import { parseEndpoint, systemctlCommand } from '../../../src/watch/endpoint/endpoint.ts';

test.each([
  ['unix:///var/run/docker.sock', { kind: 'unix', path: '/var/run/docker.sock' }],
  ['unix://', { kind: 'unix', path: '/var/run/docker.sock' }],
  [
    '  unix:///with space/d.sock ',
    { kind: 'unix', path: '/with space/d.sock', url: 'unix:///with space/d.sock' },
  ],
  ['tcp://engine', { kind: 'tcp', host: 'engine', port: 2375, url: 'tcp://engine:2375' }],
  ['tcp://engine:80', { port: 80 }],
  ['tcp://:4000', { host: 'localhost', port: 4000 }],
  ['tcp://[::1]:2376', { host: '::1', port: 2376, url: 'tcp://[::1]:2376' }],
  ['engine:2375', { kind: 'tcp', host: 'engine', port: 2375 }],
  ['192.0.2.7', { host: '192.0.2.7', port: 2375 }],
  [
    'ssh://example.test',
    { kind: 'ssh', host: 'example.test', user: undefined, port: undefined, path: undefined },
  ],
  ['ssh://me@example.test:22/run/d.sock', { user: 'me', port: 22, path: '/run/d.sock' }],
  ['ssh://example.test/run/my%20socket;id', { path: '/run/my socket;id' }],
  ['ssh://me@[2001:db8::1]', { host: '2001:db8::1' }],
  ['npipe:////./pipe/docker_engine', { kind: 'npipe', path: '\\\\.\\pipe\\docker_engine' }],
])('reads %s', (given, expected) => {
  expect(parseEndpoint(given, 'a test')).toMatchObject(expected);
});

test.each([
  'ssh://me:hunter2@example.test',
  'tcp://me:hunter2@engine:2375',
  'me:hunter2@engine',
  'ftp://a:hunter2@b',
])('a password in %s is in no message', (given) => {
  expect(() => parseEndpoint(given, '--host')).toThrow(UserError);
  expect(() => parseEndpoint(given, '--host')).not.toThrow(/hunter/);
});

test('asks for the TLS port where TLS is wanted and no port is given', () => {
  const tls = { folder: '/certs', verify: true };
  expect(parseEndpoint('tcp://engine', 'a test', tls)).toMatchObject({ port: 2376, tls });
  expect(parseEndpoint('tcp://engine:2375', 'a test', tls)).toMatchObject({ port: 2375, tls });
});

test.each([
  ['fd://', /systemd/, /unix:/],
  ['http://engine', /no endpoint that Docker knows/, /tcp:/],
  ['unix://relative/d.sock', /no absolute path/, /unix:\/\/\//],
  [`unix:///${'a'.repeat(120)}`, /too long/, /link/],
  ['/var/run/docker.sock', /no host/, /unix:\/\/\//],
  ['./docker.sock', /no host/, /unix:\/\/\//],
  ['tcp://engine:99999', /no endpoint/, /tcp:/],
  ['tcp://engine:port', /no endpoint/, /tcp:/],
  ['tcp://', /no endpoint/, /tcp:/],
  ['tcp://engine:2375/path', /more than a host/, /tcp:/],
  ['tcp://engine:2375#fragment', /more than a host/, /tcp:/],
  ['tcp://user@engine:2375', /more than a host/, /tcp:/],
  ['two words', /no endpoint/, /tcp:/],
  ['ssh://', /no ssh endpoint/, /ssh:/],
  ['ssh://me:secret@example.test', /no password/, /key/],
  ['ssh://-oProxyCommand=x', /dash/, /ssh:/],
  ['ssh://-l@example.test', /dash/, /ssh:/],
  ['ssh://example.test#x', /no ssh endpoint/, /ssh:/],
  ['ssh://%2DoProxyCommand=x@example.test', /dash/, /ssh:/],
  ['ssh://%2dl', /dash/, /ssh:/],
  ['ssh://example.test;id', /means something to a shell/, /ssh:/],
  ['ssh://$(id)', /means something to a shell/, /ssh:/],
  ['ssh://me`id`@example.test', /means something to a shell/, /ssh:/],
  ['ssh://me%20you@example.test', /means something to a shell/, /ssh:/],
  ['ssh://me%zz@example.test', /begins no character/, /ssh:/],
  ['ssh://example.test/run/%00', /control character/, /ssh:/],
  ['ssh://example.test/run/%0aid', /control character/, /ssh:/],
  ['ssh://example.test:0', /port 0/, /ssh:/],
  ['tcp://engine:0', /port 0/, /tcp:/],
  ['unix:///run/a\0b', /zero byte/, /./],
])('refuses %s, with its cure', (given, message, fix) => {
  const refused = () => parseEndpoint(given, '--host');
  expect(refused).toThrow(UserError);
  expect(refused).toThrow(message);
  expect(refused).toThrow(/^--host: /);
  expect(refused).toThrow(expect.objectContaining({ fix: expect.stringMatching(fix), exitCode: 64 }));
});

test.each([
  ['/var/run/docker.sock', 'systemctl start docker'],
  ['/run/user/1000/docker.sock', 'systemctl --user start docker'],
  ['/tmp/runtime/docker.sock', 'systemctl --user start docker'],
  ['/tmp/runtime-other/docker.sock', 'systemctl start docker'],
  ['/home/user/.docker/desktop/docker.sock', 'systemctl --user start docker-desktop'],
])('names the systemd that starts the engine at %s', (socket, command) => {
  expect(systemctlCommand('start', socket, { XDG_RUNTIME_DIR: '/tmp/runtime' })).toBe(command);
});
