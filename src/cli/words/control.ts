import type { ControlReport } from '../../control/report.ts';
import { quote } from '../../system/shell-quote.ts';
import { describeRefusal } from './refusal.ts';
import { detail, info, type WordsFor, warning } from './words.ts';

const without = 'status, trigger and the companion do not reach this listener';

/** What becomes of the control socket. */
export const controlWords: WordsFor<ControlReport> = {
  'control-listening': (record) => detail(`Answering on ${record.path}`),
  'page-opened': (record) => info(`The page is served on 127.0.0.1 port ${record.port}`),
  'page-closed': () => info('Nobody looks at the page any more: closed'),
  'control-refused': (record) => {
    const { found, cure } = describeRefusal(record.refusal);
    return warning(`No control socket at ${record.path}: ${found}. ${cure}. Until then ${without}`);
  },
  'control-in-use': (record) =>
    warning(
      `No control socket at ${record.path}: another listener answers there, so ${without}. ` +
        'End the other one, or give this one its own with --control PATH',
    ),
  'control-failed': (record) =>
    warning(
      `No control socket at ${record.path} (${record.code}): ${without}. See: ls -ld ${quote(record.path)}`,
    ),
};
