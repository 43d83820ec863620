import type { LogSettings, Settings } from '../config/settings.ts';
import { runDaemon } from '../daemon/daemon.ts';
import { FolderRefused } from '../daemon/trusted-folders.ts';
import { currentAccount } from '../system/account.ts';
import { exitCode, Failure } from '../system/failure.ts';
import { closeInheritedDescriptors } from '../system/inherited-descriptors.ts';
import { notifyReady } from '../system/notify-ready.ts';
import { version } from '../version.ts';
import { createDeferredLog } from './deferred-log.ts';
import { describeFolderRefusal } from './words/refusal.ts';

const endingSignals = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

/**
 * Runs the listener in the foreground until a signal ends it; a second signal ends it at once.
 * @param write takes the log
 * @throws Failure when it cannot start
 */
export async function runListener(
  settings: Settings,
  logSettings: LogSettings,
  write: (text: string) => void,
): Promise<void> {
  // A log whose reader has gone must not stop anything.
  process.stdout.on('error', () => {});
  const { record, flush } = createDeferredLog(write, logSettings.format, logSettings.verbosity);
  // However it ends: also by an error that nobody catches.
  process.once('exit', flush);
  const ending = new AbortController();
  function end(signal: NodeJS.Signals): void {
    if (ending.signal.aborted) {
      atOnce.abort();
      return;
    }
    record({ kind: 'listener-ending', signal });
    ending.abort();
  }
  const atOnce = new AbortController();
  for (const signal of endingSignals) process.on(signal, end);
  closeInheritedDescriptors();
  // What hooks make is not for everybody to write, whoever started us.
  process.umask(0o022);

  record({ kind: 'listener-started', version, scriptDir: settings.scriptDir, pid: process.pid });
  try {
    await runDaemon({
      settings,
      account: currentAccount(),
      report: record,
      ready: () => notifyReady(process.env, (error) => record({ kind: 'not-notified', error })),
      signal: ending.signal,
      atOnce: atOnce.signal,
    });
  } catch (error) {
    ending.abort();
    throw error instanceof FolderRefused ? asFailure(error) : error;
  } finally {
    for (const signal of endingSignals) process.removeListener(signal, end);
  }
  record({ kind: 'listener-ended' });
}

function asFailure({ folder, refusal }: FolderRefused): Failure {
  const { kind } = refusal.cause;
  const { message, cure } = describeFolderRefusal(folder, refusal);
  const code = kind === 'missing' || kind === 'not-a-folder' ? exitCode.usage : exitCode.notPermitted;
  return new Failure(code, message, cure);
}
