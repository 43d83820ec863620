import { userInfo } from 'node:os';
import { defaultEndpoint } from '../../config/endpoint.ts';
import type { EngineReport } from '../../engine/report.ts';
import { quote } from '../../system/shell-quote.ts';
import { describeFileProblem } from '../../system/small-file.ts';
import { detail, info, type Words, type WordsFor, warning } from './words.ts';

/** What a sensor has to say. */
export const engineWords: WordsFor<EngineReport> = {
  'engine-watched': (record) => info(describeWatched(record)),
  'engine-not-reached': (record) =>
    warning(`Cannot reach ${record.url}: ${record.error} (${record.code}). Trying on`),
  'engine-pidfile-unusable': (record) =>
    warning(
      `Cannot use the pid file: ${describeFileProblem(record.path, record.problem)}. ` +
        `Give the right one with --pidfile, or --pidfile none. See: ls -ldL ${quote(record.path)}`,
    ),
  'engine-silent': (record) => info(`Docker at ${record.url} does not answer yet: waiting for it`),
  'engine-answers-badly': (record) =>
    warning(
      `${record.url} answers with status ${record.status} instead of 200: not taken for a running Docker`,
    ),
  'engine-forbidden': (record) =>
    warning(
      `May not open ${record.path}. Run as root, or join its group: sudo usermod -aG docker ${quote(userInfo().username)}`,
    ),
  'engine-socket-removed': (record) =>
    warning(
      `${record.path} was removed while Docker runs: nobody can reach it there. Mend it with: systemctl restart docker`,
    ),
  'engine-left-alone': (record) => describeLeftAlone(record),
};

function describeWatched({
  url,
  pidfile,
  chosenBy,
}: Extract<EngineReport, { kind: 'engine-watched' }>): string {
  const found = chosenBy === 'found' ? `, for nothing is at ${defaultEndpoint.path}` : '';
  const by = chosenBy === 'default' || chosenBy === 'found' ? found : ` (${chosenBy})`;
  return `Watching Docker at ${url}${by}${pidfile === undefined ? '' : `, pid file ${pidfile}`}`;
}

function describeLeftAlone(record: Extract<EngineReport, { kind: 'engine-left-alone' }>): Words {
  if (record.holder === 'systemd') {
    return detail(
      `${record.path} is held by systemd and would start Docker: not opened while Docker is down`,
    );
  }
  const pidfile =
    record.pidfile === undefined ? 'no pid file is known' : `${record.pidfile} names no running process`;
  return warning(
    `Cannot tell who listens on ${record.path}, and ${pidfile}: not opened, for it might start Docker. ` +
      'Run as root, or say where its pid file is (--pidfile)',
  );
}
