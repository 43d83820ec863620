import type { AskedEngine } from './api.ts';
import { runInContainer } from './exec.ts';
import { printedLines } from './output.ts';

/** The result of a round trip on the whole way of a message: container, network, port, listener, and back. */
export type RoundTrip =
  /** `time` in ms, as much of it the start of a process in the container as the way. */
  | { readonly kind: 'answered'; readonly time: number }
  | { readonly kind: 'no-name' }
  /** No process accepts the connection, or the one that does sends no answer. */
  | { readonly kind: 'nobody' }
  /** No reply at all: something on the way drops it. */
  | { readonly kind: 'silence' }
  /** The question could not be put. */
  | { readonly kind: 'not-asked'; readonly why: string };

/** A round trip, and the last lines that the container's shell printed meanwhile. */
export interface Pinged {
  readonly trip: RoundTrip;
  readonly output: readonly string[];
}

/** The longest round trip, in ms. */
const timeout = 8000;

/**
 * Has the notifier's container ask the listener whether it is there, as it tells it of a start: by the same
 * script, from the same network. The listener answers, and does nothing.
 */
export async function pingListener(
  engine: AskedEngine,
  { id, host, port }: { readonly id: string; readonly host: string; readonly port: number },
): Promise<Pinged> {
  const began = performance.now();
  const words = ['/bin/sh', '/notifier.sh', '--ping', host, String(port)];
  const result = await runInContainer(engine, id, words, timeout);
  switch (result.kind) {
    case 'refused':
      return { trip: { kind: 'not-asked', why: result.why }, output: [] };
    case 'timed-out':
      return { trip: { kind: 'silence' }, output: printedLines(result.output) };
    case 'ended': {
      const trip = readExitCode(result.code, performance.now() - began);
      return { trip, output: printedLines(result.output) };
    }
    default:
      return result satisfies never;
  }
}

/** The exit codes of `notifier.sh --ping`. */
function readExitCode(code: number, time: number): RoundTrip {
  switch (code) {
    case 0:
      return { kind: 'answered', time };
    case 12:
      return { kind: 'no-name' };
    case 13:
      return { kind: 'nobody' };
    case 14:
      return { kind: 'silence' };
    case 15:
      return { kind: 'not-asked', why: 'its image has no nc that runs' };
    default:
      return { kind: 'not-asked', why: `notifier.sh ended with ${code}` };
  }
}
