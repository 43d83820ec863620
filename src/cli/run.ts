import { execFile } from 'node:child_process';
import { closeSync, readdirSync, readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { LiveSettings } from '../listener/config/live-settings.ts';
import type { RawSettings } from '../listener/config/raw-settings.ts';
import { ListenerFailed, runDaemon } from '../listener/daemon.ts';
import { FolderRefused } from '../listener/trusted-folders.ts';
import { describeUnexpected } from '../listener/unexpected.ts';
import { describeFolderRefusal } from '../listener/words/refusal.ts';
import { currentAccount } from '../system/find-account.ts';
import { isJournalStream } from '../system/journal-stream.ts';
import { exitCode, UserError } from '../system/user-error.ts';
import { version } from '../version.ts';
import { endUnexpectedly } from './end-unexpectedly.ts';
import { load } from './load.ts';
import { createDeferredLog, type DeferredLog } from './log.ts';
import { openLogFile } from './log-file.ts';
import type { RunRequest } from './run-request.ts';

const endingSignals = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

/** The longest end of a listener that has failed, without the hooks' grace, in ms. */
const longestEnd = 15_000;

/**
 * Keeps the room for new objects as small as it is at the start. V8 doubles it whenever much happens, up to 48 MB, and
 * gives it back late: an engine that sends events without end made a listener 24 MB larger (Node 20).
 */
function keepYoungObjectsSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

const originalsPort: RawSettings = { notifier: { value: 'hint', from: { kind: 'default' } } };

/** Runs the listener of these settings in the foreground. Returns the exit code. */
export async function run(request: RunRequest): Promise<number> {
  // Opened before anything that can fail: if that fails again and again, the log of it is rotated too.
  const logFile = request.logFile === undefined ? undefined : openLogFile(request.logFile);
  const read = () => load(request, request.opensPort ? originalsPort : undefined);
  const loaded = read();
  process.removeListener('uncaughtException', endUnexpectedly);
  const isForJournal = logFile === undefined && isJournalStream(process.stdout.fd);
  const log = createDeferredLog((text) => (logFile ?? process.stdout).write(text), loaded.log, isForJournal);
  return runListener(new LiveSettings(loaded, read), log);
}

/**
 * Runs the listener in the foreground until a signal ends it; a second signal ends it at once.
 * @returns the exit code
 * @throws UserError when it cannot start
 */
async function runListener(live: LiveSettings, { record, flush, configure }: DeferredLog): Promise<number> {
  const { settings } = live;
  keepYoungObjectsSmall();
  // A log whose reader has gone must not stop anything.
  process.stdout.on('error', () => {});
  // Flush at every end, also at an error that is not caught.
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
  // Files that hooks make are writable by their owner alone, whatever the umask of our parent.
  process.umask(0o022);

  // Loaded as a part of its own, and before anything happens: an upgrade below a running listener changes nothing.
  const fleet = settings.fleet === undefined ? undefined : await import('../fleet/publisher.ts');

  record({ kind: 'listener-started', version, scriptDir: settings.scriptDir, pid: process.pid });
  try {
    await runDaemon({
      settings,
      account: currentAccount(),
      report: record,
      logsEachTurn: () => live.log.format === 'json' && live.log.verbosity === 'verbose',
      reload() {
        const changes = live.reload();
        configure(live.log);
        return changes;
      },
      ready: () => notifyReady(process.env, (error) => record({ kind: 'not-notified', error })),
      signal: ending.signal,
      atOnce: atOnce.signal,
      ...(fleet && { startFleet: (host) => new fleet.FleetPublisher(host) }),
    });
  } catch (error) {
    ending.abort();
    if (error instanceof FolderRefused) throw asFailure(error);
    if (error instanceof UserError) throw error;
    record({ kind: 'listener-failed', ...describeUnexpected(error) });
    process.exit(exitCode.internal);
  } finally {
    for (const signal of endingSignals) process.removeListener(signal, end);
  }
  record({ kind: 'listener-ended' });
  // The code that threw may have left a handle open that keeps the process alive.
  if (ending.signal.reason instanceof ListenerFailed) process.exit(exitCode.internal);
  return exitCode.done;
}

function asFailure({ folder, refusal }: FolderRefused): UserError {
  const { kind } = refusal.cause;
  const { message, fix } = describeFolderRefusal(folder, refusal);
  const code = kind === 'missing' || kind === 'not-a-folder' ? exitCode.usage : exitCode.notPermitted;
  return new UserError(code, message, fix);
}

/** O_CLOEXEC as Linux writes it in /proc/PID/fdinfo, on every architecture that Node runs on. */
const closeOnExec = 0o2000000;

/**
 * Closes descriptors that the parent process left open, except the three streams: our children would
 * inherit it. Node keeps its own descriptors from them, and low-numbered ones, but not all (libuv's
 * uv_disable_stdio_inheritance stops at the first gap above 15). Only where there is a /proc.
 */
function closeInheritedDescriptors(): void {
  for (const descriptor of descriptors()) {
    if (descriptor <= 2 || isOurOwn(descriptor)) continue;
    try {
      closeSync(descriptor);
    } catch {
      // The one that listed them: it is closed by now.
    }
  }
}

function descriptors(): number[] {
  try {
    return readdirSync('/proc/self/fd').map(Number);
  } catch {
    return [];
  }
}

function isOurOwn(descriptor: number): boolean {
  try {
    const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1];
    return flags === undefined || (Number.parseInt(flags, 8) & closeOnExec) !== 0;
  } catch {
    return true;
  }
}

/**
 * Tells systemd that the service is ready (sd_notify(3)), where it asked for that. Node cannot send to a datagram
 * socket, so `systemd-notify` does it: one process, once, and none of those that come later knows of the socket.
 * Run by root it speaks with our pid, so that `NotifyAccess=main` lets it.
 * @param failed receives the error; systemd then ends the service at its timeout
 */
function notifyReady(environment: NodeJS.ProcessEnv, failed: (error: string) => void): void {
  const { NOTIFY_SOCKET: socket, PATH } = environment;
  if (socket === undefined) return;
  delete environment.NOTIFY_SOCKET;
  const env = { NOTIFY_SOCKET: socket, PATH: PATH ?? '/usr/bin:/bin' };
  execFile('systemd-notify', ['--ready'], { env, timeout: 10_000 }, (error) => {
    if (error !== null) failed(error.message.trim());
  });
}
