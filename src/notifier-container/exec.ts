import { exitCode, UserError } from '../system/user-error.ts';
import { dial, hostHeader } from '../watch/engine/dial.ts';
import {
  type AnswerReader,
  createAnswerReader,
  longestHead,
  readHead,
  requestBytes,
} from '../watch/engine/http.ts';
import { type AskedEngine, askEngine, complaint, demand, json, jsonIn } from './api.ts';
import { joinFrames, longestOutput } from './output.ts';

/** The result of a command in a container, with its standard output and standard error. */
export type ExecResult =
  | { readonly kind: 'ended'; readonly code: number; readonly output: Buffer }
  | { readonly kind: 'timed-out'; readonly output: Buffer }
  /** The engine did not begin it. */
  | { readonly kind: 'refused'; readonly why: string };

/** The pause between two looks whether a command has ended whose output has ended, in ms. */
const pause = 50;

/**
 * Runs a command in a container that runs.
 * @param timeout from the beginning to the end, in ms; the command itself is not ended then
 * @throws UserError when the engine cannot be reached
 */
export async function runInContainer(
  engine: AskedEngine,
  id: string,
  words: readonly string[],
  timeout: number,
): Promise<ExecResult> {
  const began = performance.now();
  const made = await askEngine(engine, {
    method: 'POST',
    path: `/containers/${id}/exec`,
    body: json({ Cmd: words, AttachStdout: true, AttachStderr: true }),
  });
  const { Id: exec } = jsonIn(made);
  if (made.status !== 201 || typeof exec !== 'string') return { kind: 'refused', why: complaint(made) };
  const path = `/exec/${encodeURIComponent(exec)}`;
  const attached = await attach(engine, `${path}/start`, timeout);
  if (attached.kind === 'refused') return attached;
  const output = joinFrames(attached.output);
  for (;;) {
    const state = jsonIn(await demand(engine, { method: 'GET', path: `${path}/json` }));
    if (state.Running === false && typeof state.ExitCode === 'number') {
      return { kind: 'ended', code: state.ExitCode, output };
    }
    if (performance.now() - began > timeout) return { kind: 'timed-out', output };
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

type Attached =
  | { readonly kind: 'read'; readonly output: Buffer }
  | { readonly kind: 'refused'; readonly why: string };

/**
 * Starts an exec, and reads its output. A line that is cut, or brings more than fits, ends the reading and no more: the
 * engine is asked for the exit code.
 */
function attach(engine: AskedEngine, path: string, timeout: number): Promise<Attached> {
  return new Promise((resolve, reject) => {
    const { stream } = dial(engine.endpoint);
    const reader = new AttachReader();
    const end = (act: () => void) => {
      clearTimeout(timer);
      stream.destroy();
      act();
    };
    const finish = () => end(() => resolve({ kind: 'read', output: reader.output }));
    const timer = setTimeout(finish, timeout);
    stream.on('error', finish);
    stream.on('close', finish);
    stream.on('data', (chunk: Buffer) => {
      try {
        const attached = reader.push(chunk);
        if (attached !== undefined) end(() => resolve(attached));
      } catch (error) {
        end(() => reject(notHttp(engine, error)));
      }
    });
    stream.write(
      requestBytes('POST', path, hostHeader(engine.endpoint), json({ Detach: false, Tty: false })),
    );
  });
}

function notHttp({ name }: AskedEngine, error: unknown): UserError {
  return new UserError(exitCode.unavailable, `Docker (${name}) cannot be understood: ${messageOf(error)}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

type State =
  | { readonly at: 'head'; readonly received: Buffer }
  /** The body has no length, and lasts as long as the connection. */
  | { readonly at: 'stream'; readonly output: Buffer }
  /** The body ends by itself, as a refusal's does. */
  | { readonly at: 'answer'; readonly reader: AnswerReader };

/** Reads what an engine answers to the start of an exec. */
class AttachReader {
  #state: State = { at: 'head', received: Buffer.alloc(0) };

  /** The output that has come so far. */
  get output(): Buffer {
    return this.#state.at === 'stream' ? this.#state.output : Buffer.alloc(0);
  }

  /**
   * Takes the bytes that came next.
   * @returns the result that these bytes complete, if they do
   * @throws Error for bytes that are no HTTP
   */
  push(chunk: Buffer): Attached | undefined {
    const state = this.#state;
    switch (state.at) {
      case 'head':
        return this.#readHead(Buffer.concat([state.received, chunk]));
      case 'stream':
        return this.#take(Buffer.concat([state.output, chunk]));
      case 'answer': {
        const answer = state.reader.push(chunk);
        if (answer === undefined) return undefined;
        return answer.status < 300
          ? { kind: 'read', output: answer.body }
          : { kind: 'refused', why: complaint(answer) };
      }
      default:
        return state satisfies never;
    }
  }

  #readHead(received: Buffer): Attached | undefined {
    const end = received.indexOf('\r\n\r\n');
    if (end < 0) {
      if (received.length > longestHead) throw new Error('the answer is no HTTP');
      this.#state = { at: 'head', received };
      return undefined;
    }
    const { status, isChunked, length } = readHead(received.toString('latin1', 0, end));
    if (status < 300 && !isChunked && length === undefined) return this.#take(received.subarray(end + 4));
    this.#state = { at: 'answer', reader: createAnswerReader() };
    return this.push(received);
  }

  #take(output: Buffer): Attached | undefined {
    this.#state = { at: 'stream', output };
    return output.length > longestOutput ? { kind: 'read', output } : undefined;
  }
}
