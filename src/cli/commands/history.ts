import type { Command } from '../command.ts';
import type { HistoryRequest } from '../history.ts';
import { type ListenerRequest, listenerOptions, readListenerRequest } from '../listener-request.ts';
import { usage, type Values } from '../options.ts';
import { calledAs } from '../plugin/call.ts';
import { anyEventCalled, count, none, readSince, unknownWord } from '../read-words.ts';
import type { ReportRequest } from '../report.ts';

type Request =
  | ({ readonly kind: 'list' } & HistoryRequest)
  | ({ readonly kind: 'entry'; readonly number: number } & ListenerRequest)
  | ({ readonly kind: 'report' } & ReportRequest);

export const history: Command<Request> = {
  name: 'history',
  calls: [
    ['', 'what happened: starts, stops and runs of hooks, newest last'],
    ['show N', 'one of them, with what a hook printed'],
    ['--html FILE', 'a page for a browser, to keep or to send'],
  ],
  options: [
    'since',
    'event',
    'hook',
    'engine',
    'failed',
    'number',
    'follow',
    'html',
    'state-dir',
    ...listenerOptions,
  ],
  examples: [
    'sudo docker-lifecycle-listener history --failed --since 2h',
    'sudo docker-lifecycle-listener history -f --hook 10-routes',
    'sudo docker-lifecycle-listener history show 42',
    'sudo docker-lifecycle-listener history --since 7d --html week.html',
  ],
  complete: (before) => (before.length === 0 ? ['show'] : []),
  read,
  async run(request) {
    switch (request.kind) {
      case 'list':
        return (await import('../history.ts')).showHistory(request);
      case 'entry':
        return (await import('../history.ts')).showEntry(request);
      case 'report':
        return (await import('../report.ts')).writeReport(request);
      default:
        return request satisfies never;
    }
  },
};

function read(values: Values, [word, number, ...rest]: readonly string[]): Request {
  if (word === undefined) {
    const since = values.since === undefined ? undefined : readSince(values.since, new Date());
    if (values.html !== undefined) return readReport(values, values.html, since);
    return {
      kind: 'list',
      ...readListenerRequest(values),
      since,
      event: values.event === undefined ? undefined : anyEventCalled('--event', values.event),
      hook: values.hook,
      engine: values.engine,
      failed: values.failed ?? false,
      n: values.number === undefined ? undefined : count(values.number),
      follow: values.follow ?? false,
    };
  }
  if (word !== 'show') throw unknownWord('history', word, ['show']);
  if (number === undefined || !/^\d{1,12}$/.test(number)) {
    throw usage('history show takes a number', `${calledAs()} history lists them`);
  }
  return {
    kind: 'entry',
    number: Number(number),
    ...readListenerRequest(values),
    ...none('history show N', rest),
  };
}

function readReport(values: Values, file: string, since: number | undefined): Request {
  const foreign = (['event', 'hook', 'failed', 'follow', 'json'] as const).find(
    (name) => values[name] !== undefined,
  );
  if (foreign !== undefined) {
    throw usage(`--html and --${foreign} exclude each other`, 'The page itself can show a part of it');
  }
  if (file === '') throw usage('--html takes the name of a file', 'As history.html; - for standard output');
  const n = values.number === undefined ? undefined : count(values.number);
  return { kind: 'report', ...readListenerRequest(values), engine: values.engine, file, since, n };
}
