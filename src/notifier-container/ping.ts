import { type AskedEngine, askEngine, complaint, demand, json, jsonIn } from './api.ts';

/** What came of a question that took a message's whole way: container, network, port, listener, and back. */
export type RoundTrip =
  /** `time` in ms, as much of it the start of a process in the container as the way. */
  | { readonly kind: 'answered'; readonly time: number }
  | { readonly kind: 'no-name' }
  /** Nobody accepts the connection, or who does has no answer. */
  | { readonly kind: 'nobody' }
  /** No reply at all: something on the way drops it. */
  | { readonly kind: 'silence' }
  /** The question could not be put. */
  | { readonly kind: 'not-asked'; readonly why: string };

/** How long the question may take from beginning to end, and how often is looked whether it is over, in ms. */
const patience = 8000;
const pause = 50;

/**
 * Has the notifier's container ask the listener whether it is there, as it tells it of a start: by the same
 * script, from the same network. The listener answers, and does nothing.
 */
export async function pingListener(
  engine: AskedEngine,
  { id, host, port }: { readonly id: string; readonly host: string; readonly port: number },
): Promise<RoundTrip> {
  const began = performance.now();
  const made = await askEngine(engine, {
    method: 'POST',
    path: `/containers/${id}/exec`,
    body: json({ Cmd: ['/bin/sh', '/notifier.sh', '--ping', host, String(port)] }),
  });
  const { Id: exec } = jsonIn(made);
  if (made.status !== 201 || typeof exec !== 'string') return { kind: 'not-asked', why: complaint(made) };
  await demand(engine, {
    method: 'POST',
    path: `/exec/${encodeURIComponent(exec)}/start`,
    body: json({ Detach: true }),
  });
  for (;;) {
    const state = jsonIn(
      await demand(engine, { method: 'GET', path: `/exec/${encodeURIComponent(exec)}/json` }),
    );
    const time = performance.now() - began;
    if (state.Running === false && typeof state.ExitCode === 'number')
      return readExitCode(state.ExitCode, time);
    if (time > patience) return { kind: 'silence' };
    await new Promise((resolve) => setTimeout(resolve, pause));
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
    default:
      return { kind: 'not-asked', why: `notifier.sh ended with ${code}` };
  }
}
