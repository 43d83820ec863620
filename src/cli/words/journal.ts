import type { MemoryReport } from '../../journal/engine-memory.ts';
import type { JournalReport } from '../../journal/report.ts';
import type { TurnReport } from '../../journal/turn-file.ts';
import { describeRefusal } from './refusal.ts';
import { turnFileWords } from './turns.ts';
import { error, info, plural, type WordsFor, warning } from './words.ts';

/** What becomes of what is kept on disk. */
export const journalWords: WordsFor<MemoryReport | JournalReport | TurnReport> = {
  ...turnFileWords,
  'memory-unreadable': (record) =>
    warning(`Cannot read ${record.path}: ${record.error}. Starting as if for the first time`),
  'memory-damaged': ({ path, engines }) =>
    warning(
      `${path} is damaged in ${plural(engines.length, 'entry', 'entries')}: ${engines.slice(0, 5).join(', ')}` +
        `${engines.length > 5 ? ', …' : ''}. Starting as if for the first time with ${engines.length === 1 ? 'it' : 'them'}`,
    ),
  'memory-not-kept': (record) =>
    error(
      `Cannot write ${record.path}: ${record.error}. If the listener ends now, it will not know what it has told. ` +
        'Make room there, or give another folder with --state-dir',
    ),
  'memory-kept-again': (record) => info(`${record.path} can be written again`),
  'journal-refused': (record) => {
    const { found, cure } = describeRefusal(record.refusal);
    return error(`Keeping no journal in ${record.folder}: ${found}. ${cure}`);
  },
  'journal-in-use': (record) =>
    warning(`Keeping no journal in ${record.folder}: another listener writes there, pid ${record.pid}`),
  'journal-failing': (record) =>
    warning(`Cannot write the journal in ${record.folder} (${record.code}): trying again`),
  'journal-removed': (record) => warning(`${record.file} was removed or replaced: beginning another one`),
  'journal-recovered': (record) =>
    info(
      `The journal in ${record.folder} is written again` +
        (record.lost === 0 ? '' : `; lost ${plural(record.lost, 'record')}`),
    ),
  'journal-torn': (record) =>
    warning(`${record.file} has ${plural(record.lines, 'line')} that a crash or a full disk cut off`),
};
