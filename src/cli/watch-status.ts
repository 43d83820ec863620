import type { Status } from '../listener/status.ts';
import { pause } from '../system/pause.ts';
import { exitCode, UserError } from '../system/user-error.ts';
import { clock } from '../system/words.ts';
import { statusIn } from './answers.ts';
import { findListener, howToStart, ifRunning, type Listener } from './listener.ts';
import type { EngineRequest } from './listener-request.ts';
import { calledAs } from './plugin/call.ts';
import { takeScreen } from './screen.ts';
import { describeStatus, ofEngine } from './status.ts';
import { styleFor } from './style.ts';

/** The interval at which durations are drawn anew, and a missing listener is looked for, in ms. */
const tick = 1000;
/** Events that come together are drawn once, in ms. */
const together = 30;

/**
 * Shows the status until the user ends it: drawn anew with each event that the listener reports, and each second
 * for how long it all takes.
 * @returns the exit code
 * @throws UserError where there is no terminal to draw on
 */
export async function watchStatus(request: EngineRequest): Promise<number> {
  if (!process.stdout.isTTY || process.env.TERM === 'dumb') {
    throw new UserError(
      exitCode.usage,
      'status --watch draws on a terminal, and this is none',
      `For a pipe: ${calledAs()} events`,
    );
  }
  const listener = findListener(request);
  const style = styleFor(process.stdout, request.noColor);
  const ending = new AbortController();
  const quit = () => ending.abort();
  for (const signal of endingSignals) process.on(signal, quit);
  const screen = takeScreen(quit);
  let status: Status | undefined;

  function draw(): void {
    const now = new Date();
    const head = style.faint(`${clock(now, now)}  q ends this`);
    const body =
      status === undefined
        ? `The listener is not running: no process answers at ${listener.path}\n  ${howToStart()}`
        : describeStatus(status, now, style);
    screen.draw(`${head}\n\n${body}`);
  }

  const clockwork = setInterval(draw, tick);
  try {
    while (!ending.signal.aborted) {
      await follow(listener, ending.signal, (found) => {
        status = found && ofEngine(found, request.engine);
        draw();
      });
      await pause(tick, ending.signal);
    }
  } finally {
    clearInterval(clockwork);
    screen.end();
    for (const signal of endingSignals) process.removeListener(signal, quit);
  }
  return exitCode.done;
}

const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Tells the status, and again whenever something has happened, until the listener ends: then it is undefined. */
async function follow(
  { client }: Listener,
  signal: AbortSignal,
  tell: (status: Status | undefined) => void,
): Promise<void> {
  try {
    // Events first, so that nothing happens between the question and them.
    const events = await ifRunning(client.lines({ method: 'GET', path: '/v1/events', signal }));
    if (events === undefined) return tell(undefined);
    const ask = async () => tell(await ifRunning(client.get('/v1/status').then(statusIn)));
    await ask();
    let asking: Promise<void> | undefined;
    for await (const _ of events) {
      asking ??= pause(together, signal).then(() => {
        asking = undefined;
        return ask();
      });
      // The next round reports an error.
      asking.catch(() => {});
    }
    await asking;
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
  if (!signal.aborted) tell(undefined);
}
