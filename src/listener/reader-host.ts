import type { ControlHost } from './control/answer.ts';
import type { StreamedEvent } from './event-stream.ts';
import type { Failure } from './failures.ts';
import { type HistoryEntry, withoutOutput } from './journal/history.ts';
import type { HookWarning } from './journal/record.ts';

/**
 * Returns the host without secrets: without hooks' output, arguments of processes and texts of errors.
 * @param seesOutput leaves hooks' output in
 */
export function asReader(host: ControlHost, seesOutput: boolean): ControlHost {
  return {
    ...host,
    status() {
      const status = host.status() as { readonly failures?: readonly Failure[] };
      return { ...status, failures: (status.failures ?? []).map((one) => strippedFailure(one, seesOutput)) };
    },
    async history(query) {
      const { entries } = (await host.history(query)) as { readonly entries: readonly HistoryEntry[] };
      return { entries: entries.map((entry) => strippedEntry(entry, seesOutput)) };
    },
    async historyEntry(number) {
      const { entry } = (await host.historyEntry(number)) as { readonly entry: HistoryEntry };
      return { entry: strippedEntry(entry, seesOutput) };
    },
    subscribe: (tell) => host.subscribe((event) => tell(strippedEvent(event as StreamedEvent, seesOutput))),
  };
}

/** Stands for a hook's last line: an empty one would say that it printed nothing. */
const hiddenLine = '(for root: sudo docker-lifecycle-listener status)';

function strippedFailure(failure: Failure, seesOutput: boolean): Failure {
  if (failure.kind === 'failed')
    return seesOutput || failure.lastLine === '' ? failure : { ...failure, lastLine: hiddenLine };
  return 'warning' in failure ? { ...failure, warning: strippedWarning(failure.warning) } : failure;
}

function strippedEntry(entry: HistoryEntry, seesOutput: boolean): HistoryEntry {
  switch (entry.kind) {
    case 'run':
      return seesOutput ? entry : withoutOutput(entry);
    case 'warning':
      return { ...entry, warning: strippedWarning(entry.warning) };
    case 'listener-failed':
      return { ...entry, error: errorName(entry.error) };
    default:
      return entry;
  }
}

function strippedEvent(event: StreamedEvent, seesOutput: boolean): StreamedEvent {
  switch (event.kind) {
    case 'hook-ended':
      return seesOutput ? event : { ...event, output: '' };
    case 'hook-warned':
      return { ...event, warning: strippedWarning(event.warning) };
    case 'listener-failed':
      return { ...event, error: errorName(event.error) };
    default:
      return event;
  }
}

/** Arguments of a process may hold a password; the program's name does not. */
function strippedWarning(warning: HookWarning): HookWarning {
  if (warning.kind !== 'stop-deadlock') return warning;
  return { ...warning, command: warning.command.split(' ', 1)[0] ?? '' };
}

/** `TypeError` of `TypeError: …`: the text may quote a file. */
function errorName(error: string): string {
  return /^\w+/.exec(error)?.[0] ?? 'Error';
}
