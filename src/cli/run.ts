import type { LogSettings, Settings } from '../config/settings.ts';
import { ListenerFailed, runDaemon } from '../daemon/daemon.ts';
import { FolderRefused } from '../daemon/trusted-folders.ts';
import { currentAccount } from '../system/account.ts';
import { exitCode, Failure } from '../system/failure.ts';
import { closeInheritedDescriptors } from '../system/inherited-descriptors.ts';
import { notifyReady } from '../system/notify-ready.ts';
import { describeUnexpected } from '../system/unexpected.ts';
import { version } from '../version.ts';
import { createDeferredLog } from './deferred-log.ts';
import { describeFolderRefusal } from './words/refusal.ts';

const endingSignals = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

/** How long the listener's end may take beside the hooks' grace when it has failed, in ms. */
const longestEnd = 15_000;

/**
 * Runs the listener in the foreground until a signal ends it; a second signal ends it at once.
 * @param write takes the log
 * @returns the exit code
 * @throws Failure when it cannot start
 */
export async function runListener(
  settings: Settings,
  logSettings: LogSettings,
  write: (text: string) => void,
): Promise<number> {
  // A log whose reader has gone must not stop anything.
  process.stdout.on('error', () => {});
  const { record, flush } = createDeferredLog(write, logSettings.format, logSettings.verbosity);
  // However it ends: also by an error that nobody catches.
  process.once('exit', flush);
  const ending = new AbortController();
  const atOnce = new AbortController();
  function end(signal: NodeJS.Signals): void {
    if (ending.signal.aborted) {
      atOnce.abort();
      return;
    }
    record({ kind: 'listener-ending', signal });
    ending.abort();
  }
  /** Hooks are ended with their grace, and what is to be kept is written; an error on the way there ends that too. */
  function fail(thrown: unknown): void {
    if (ending.signal.aborted) process.exit(exitCode.internal);
    setTimeout(() => process.exit(exitCode.internal), settings.hooks.grace + longestEnd).unref();
    ending.abort(new ListenerFailed(describeUnexpected(thrown)));
  }
  for (const signal of endingSignals) process.on(signal, end);
  process.on('uncaughtException', fail);
  closeInheritedDescriptors();
  // What hooks make is not for everybody to write, whoever started us.
  process.umask(0o022);

  record({ kind: 'listener-started', version, scriptDir: settings.scriptDir, pid: process.pid });
  try {
    await runDaemon({
      settings,
      account: currentAccount(),
      report: record,
      logFormat: logSettings.format,
      ready: () => notifyReady(process.env, (error) => record({ kind: 'not-notified', error })),
      signal: ending.signal,
      atOnce: atOnce.signal,
    });
  } catch (error) {
    ending.abort();
    if (error instanceof FolderRefused) throw asFailure(error);
    if (error instanceof Failure) throw error;
    record({ kind: 'listener-failed', ...describeUnexpected(error) });
    process.exit(exitCode.internal);
  } finally {
    for (const signal of endingSignals) process.removeListener(signal, end);
  }
  record({ kind: 'listener-ended' });
  // What threw may have left something open that keeps the process alive.
  if (ending.signal.reason instanceof ListenerFailed) process.exit(exitCode.internal);
  return exitCode.done;
}

function asFailure({ folder, refusal }: FolderRefused): Failure {
  const { kind } = refusal.cause;
  const { message, cure } = describeFolderRefusal(folder, refusal);
  const code = kind === 'missing' || kind === 'not-a-folder' ? exitCode.usage : exitCode.notPermitted;
  return new Failure(code, message, cure);
}
