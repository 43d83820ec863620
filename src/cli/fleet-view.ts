import type { FleetEvent } from '../fleet/message.ts';
import type { FleetHostState } from '../fleet/report.ts';
import { readEvents, readHosts } from '../fleet/view.ts';
import type { StreamedEvent } from '../listener/event-stream.ts';
import { printableText } from '../system/printable.ts';
import { type ExitCode, exitCode } from '../system/user-error.ts';
import { age } from '../system/words.ts';
import { describeStreamed } from './events.ts';
import { withBroker } from './fleet.ts';
import type { ListenerRequest } from './listener-request.ts';
import { localTime } from './log.ts';
import { print, remark } from './print.ts';

/** A request for some hosts: those that a pattern with `*` matches, or all. */
export interface HostsRequest extends ListenerRequest {
  readonly hosts: string | undefined;
}

/**
 * Shows the hosts of a fleet.
 * @returns 0 when all are up, 3 when one is down, 4 when one is silent or unknown, or there is none
 */
export function showFleet(request: HostsRequest): Promise<number> {
  return withBroker(request, async (broker) => {
    const hosts = (await readHosts(broker)).filter(({ host }) => matches(host, request.hosts));
    if (request.json) print(`${JSON.stringify({ version: 1, hosts })}\n`);
    else if (hosts.length === 0) remark('No host has published to this fleet, or none of that name\n');
    else print(table(hosts));
    if (hosts.some(({ state }) => state === 'down')) return 3;
    return hosts.length > 0 && hosts.every(({ state }) => state === 'up') ? 0 : 4;
  });
}

function table(hosts: readonly FleetHostState[]): string {
  const rows = hosts.map(({ host, state, seen, engines, failing }) => [
    host,
    state,
    `${age(Date.now() - Date.parse(seen))} ago`,
    [
      ...(engines.length > 1 ? engines.map((engine) => `${engine.name}: ${engine.state}`) : []),
      ...(failing.length === 0 ? [] : [`failing: ${failing.join(', ')}`]),
    ].join('; '),
  ]);
  const all = [['HOST', 'STATE', 'SEEN', ''], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => printableText(cell).padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/**
 * Shows what happened on the hosts of a fleet, newest last.
 * @returns the exit code
 */
export function showFleetHistory(
  request: HostsRequest & {
    readonly failed: boolean;
    readonly since: number | undefined;
    readonly n: number;
  },
): Promise<ExitCode> {
  return withBroker(request, async (broker) => {
    const fits = (event: FleetEvent) =>
      matches(hostOf(event), request.hosts) && (!request.failed || hasFailed(event));
    const events = await readEvents(broker, fits, request);
    if (request.json) {
      print(`${JSON.stringify({ version: 1, events })}\n`);
      return exitCode.done;
    }
    if (events.length === 0) remark('Nothing that fits has happened\n');
    const width = Math.max(0, ...events.map((event) => hostOf(event).length));
    for (const event of events) {
      const text = printableText(describeFleetEvent(event));
      print(`${localTime(new Date(event.time))} ${printableText(hostOf(event)).padEnd(width)}  ${text}\n`);
    }
    return exitCode.done;
  });
}

function hostOf({ source }: FleetEvent): string {
  return source.replace(/^\/hosts\//, '');
}

function hasFailed({ data }: FleetEvent): boolean {
  if (data.kind === 'transition') return data.transition.reason === 'crash';
  if (data.kind !== 'hook-ended') return !['hooks-left-out', 'turn-continued'].includes(data.kind);
  return data.outcome.kind !== 'exited' || data.outcome.code !== 0;
}

function describeFleetEvent({ data }: FleetEvent): string {
  switch (data.kind) {
    case 'gap':
      return `the journal of this host has lost the records ${data.from} to ${data.to}`;
    case 'too-large':
      return `a record (${data.recordKind}) of ${data.bytes} bytes is larger than the server takes`;
    case 'hook-interrupted':
      return `${data.hook} was interrupted: its listener was killed`;
    case 'journal-opened':
    case 'journal-closed':
      return data.kind;
    default:
      return describeStreamed(data as StreamedEvent);
  }
}

function matches(host: string, pattern: string | undefined): boolean {
  if (pattern === undefined) return true;
  const parts = pattern.split('*').map((part) => part.replaceAll(/[^A-Za-z0-9_-]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(host);
}
