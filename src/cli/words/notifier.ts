import type { NotifierReport } from '../../notifier/report.ts';
import { printable } from '../../system/printable.ts';
import { addressAndPort, detail, info, type WordsFor, warning } from './words.ts';

/** What the notifier's port has to say. */
export const notifierWords: WordsFor<NotifierReport> = {
  'notifier-listening': (record) =>
    info(`Listening for notifiers on ${addressAndPort(record.address, record.port)}`),
  'notifier-not-listening': (record) =>
    warning(`Not listening on ${addressAndPort(record.address, record.port)}: ${record.error}`),
  'notifier-said': (record) => detail(`${record.from} says ${record.said}`),
  'notifier-refused': (record) =>
    warning(
      `Refused from ${record.from}: "${printable(record.bytes, 80)}"${record.tooLong ? ', a line without end' : ''}. ` +
        'Only start and stop are understood',
    ),
  'notifier-silent': (record) => detail(`${record.from} said nothing: dropped`),
  'notifier-flooded': (record) =>
    warning(`${record.count} more messages came to the notifier's port than are shown here`),
  'notifier-held': (record) => info(`A notifier at ${record.from} keeps its connection open`),
  'notifier-gone': (record) =>
    info(`The notifier at ${record.from} is gone without a word: looking whether Docker is`),
};
