import type { Command } from '../command.ts';
import { type ListenerRequest, readListenerRequest } from '../listener-request.ts';
import { usage, type Values } from '../options.ts';
import { count, none, readSince, unknownWord } from '../read-words.ts';

const words = ['status', 'history', 'setup', 'key', 'forget'] as const;

type Request = ListenerRequest &
  (
    | { readonly kind: 'setup'; readonly dry: boolean }
    | { readonly kind: 'key' | 'forget'; readonly host: string }
    | { readonly kind: 'status'; readonly hosts: string | undefined }
    | {
        readonly kind: 'history';
        readonly hosts: string | undefined;
        readonly failed: boolean;
        readonly since: number | undefined;
        readonly n: number;
      }
  );

export const fleet: Command<Request> = {
  name: 'fleet',
  calls: [
    ['status [HOSTS]', 'which hosts are up, down or silent; HOSTS as web-*'],
    ['history [HOSTS]', 'what happened on all hosts, newest last'],
    ['setup', 'make the stream and the buckets of a fleet on its NATS server'],
    ['key HOST', 'make the key of a host, and print its user for nats-server'],
    ['forget HOST', 'remove all that the fleet has of a host'],
  ],
  options: ['since', 'failed', 'number', 'dry-run', 'config', 'json', 'no-color'],
  belongsTo: { 'dry-run': 'setup', since: 'history', failed: 'history', number: 'history' },
  examples: [
    'docker-lifecycle-listener fleet status web-* --config fleet.toml',
    'docker-lifecycle-listener fleet history --failed --since 1d --config fleet.toml',
    'sudo docker-lifecycle-listener fleet setup --dry-run',
    'docker-lifecycle-listener fleet key web-1 --config none',
  ],
  complete: (before) => (before.length === 0 ? words : []),
  read,
  async run(request) {
    if (request.kind === 'status') return (await import('../fleet-view.ts')).showFleet(request);
    if (request.kind === 'history') return (await import('../fleet-view.ts')).showFleetHistory(request);
    const code = await import('../fleet.ts');
    switch (request.kind) {
      case 'setup':
        return code.setUpFleet(request);
      case 'key':
        return code.makeHostKey({ ...request, host: request.host });
      case 'forget':
        return code.forgetFleetHost({ ...request, host: request.host });
      default:
        return request satisfies never;
    }
  },
};

function read(values: Values, [word, ...rest]: readonly string[]): Request {
  const shared = readListenerRequest(values);
  const kind = words.find((known) => known === word);
  if (word === undefined) throw usage('fleet needs a word', `One of: ${words.join(', ')}`);
  if (kind === undefined) throw unknownWord('fleet', word, words);
  if (kind === 'setup')
    return { kind, ...shared, dry: values['dry-run'] ?? false, ...none('fleet setup', rest) };
  const [host, ...more] = rest;
  if (kind === 'status' || kind === 'history') {
    if (host !== undefined && !/^[A-Za-z0-9_*-]{1,64}$/.test(host))
      throw usage(`${JSON.stringify(host)} is no name of hosts`, 'Give a name, or a part with *, as web-*');
    const request = { ...shared, hosts: host, ...none(`fleet ${kind} HOSTS`, more) };
    if (kind === 'status') return { kind, ...request };
    const since = values.since === undefined ? undefined : readSince(values.since, new Date());
    const n = values.number === undefined ? 50 : count(values.number);
    return { kind, ...request, failed: values.failed ?? false, since, n };
  }
  if (host === undefined || !/^[A-Za-z0-9_-]{1,64}$/.test(host)) {
    throw usage(
      host === undefined
        ? `fleet ${kind} needs a host`
        : `${JSON.stringify(host)} is no name of a host in a fleet`,
      'Give letters, digits, - and _, as web-1; 64 at most',
    );
  }
  return { kind, ...shared, host, ...none(`fleet ${kind} HOST`, more) };
}
