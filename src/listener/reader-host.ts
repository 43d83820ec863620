import type { FleetStatus } from '../fleet/report.ts';
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
      const status = host.status() as ReadStatus;
      return {
        ...status,
        failures: (status.failures ?? []).map((one) => strippedFailure(one, seesOutput)),
        ...(status.fleet && { fleet: strippedFleet(status.fleet) }),
      };
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

interface ReadStatus {
  readonly failures?: readonly Failure[];
  readonly fleet?: FleetStatus;
}

/** Stands for a text that readers do not see: an empty last line would say that the hook printed nothing. */
const hiddenText = '(for root: sudo docker-lifecycle-listener status)';

function strippedFailure(failure: Failure, seesOutput: boolean): Failure {
  if (failure.kind === 'failed')
    return seesOutput || failure.lastLine === '' ? failure : { ...failure, lastLine: hiddenText };
  return 'warning' in failure ? { ...failure, warning: strippedWarning(failure.warning) } : failure;
}

/** The text of an unforeseen error may quote a file; the texts of the other problems name settings and paths alone. */
function strippedFleet(fleet: FleetStatus): FleetStatus {
  if (fleet.problem?.kind !== 'failed') return fleet;
  return { ...fleet, problem: { ...fleet.problem, text: hiddenText } };
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
