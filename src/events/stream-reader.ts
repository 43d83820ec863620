/** The most that is kept of a head, and of a line, in bytes: what is longer is no answer of an engine's. */
const longestHead = 64 * 1024;
const longestLine = 4 * 1024 * 1024;

/** Takes what comes on a connection that was asked for a stream of lines. */
export interface StreamReader {
  /**
   * Takes what came next, however it is cut.
   * @returns whether more is to come; false at the stream's orderly end
   * @throws Error for what is no HTTP, or too long
   */
  push(bytes: Buffer): boolean;
}

export interface StreamHandlers {
  /** The head has come; with another status than 200 no lines follow. */
  readonly begun: (status: number) => void;
  readonly line: (text: string) => void;
}

type State =
  | { readonly at: 'head' }
  | { readonly at: 'chunk-size' }
  | { readonly at: 'chunk'; readonly left: number }
  | { readonly at: 'chunk-end' }
  /** Without chunks it lasts as long as the connection, as behind a proxy that speaks HTTP/1.0. */
  | { readonly at: 'until-close' }
  | { readonly at: 'over' };

const nothing = Buffer.alloc(0);

/**
 * Reads an answer that has no end, line by line, as it comes. The other reader, `engine/http.ts`, hands out whole
 * answers, and there is none here.
 */
export function createStreamReader({ begun, line }: StreamHandlers): StreamReader {
  let state: State = { at: 'head' };
  let rest: Buffer = nothing;
  let partial: Buffer[] = [];
  let partialLength = 0;

  function takeUntil(end: string, limit: number): string | undefined {
    const at = rest.indexOf(end);
    if (at > limit || (at === -1 && rest.length > limit)) throw new Error('The answer is too long');
    if (at === -1) return undefined;
    const text = rest.toString('latin1', 0, at);
    rest = rest.subarray(at + end.length);
    return text;
  }

  /** One step onwards; false when what has come is not enough for it. */
  function step(): boolean {
    switch (state.at) {
      case 'head': {
        const head = takeUntil('\r\n\r\n', longestHead);
        if (head !== undefined) enter(head);
        return head !== undefined;
      }
      case 'chunk-size': {
        const text = takeUntil('\r\n', 1024);
        if (text === undefined) return false;
        const size = /^[0-9a-f]{1,8}(?=[ \t]*(?:;|$))/i.exec(text)?.[0];
        if (size === undefined) throw new Error('The answer is no HTTP');
        const left = Number.parseInt(size, 16);
        state = left === 0 ? { at: 'over' } : { at: 'chunk', left };
        return true;
      }
      case 'chunk': {
        const part = rest.subarray(0, state.left);
        if (part.length === 0) return false;
        rest = rest.subarray(part.length);
        const left = state.left - part.length;
        state = left === 0 ? { at: 'chunk-end' } : { at: 'chunk', left };
        takeLines(part);
        return true;
      }
      case 'chunk-end': {
        if (rest.length < 2) return false;
        if (takeUntil('\r\n', 0) === undefined) throw new Error('The answer is no HTTP');
        state = { at: 'chunk-size' };
        return true;
      }
      case 'until-close': {
        const part = rest;
        rest = nothing;
        if (part.length > 0) takeLines(part);
        return false;
      }
      case 'over':
        return false;
      default:
        return state satisfies never;
    }
  }

  function enter(head: string): void {
    const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |\r|$)/.exec(head)?.[1]);
    if (Number.isNaN(status)) throw new Error('The answer is no HTTP');
    // An interim answer: the real one follows.
    if (status < 200) return;
    const isChunked = /^transfer-encoding:.*\bchunked\s*$/im.test(head);
    state = status !== 200 ? { at: 'over' } : isChunked ? { at: 'chunk-size' } : { at: 'until-close' };
    begun(status);
  }

  function takeLines(part: Buffer): void {
    let from = 0;
    for (let end = part.indexOf(0x0a); end !== -1; end = part.indexOf(0x0a, from)) {
      const piece = part.subarray(from, end);
      from = end + 1;
      const whole = partial.length === 0 ? piece : Buffer.concat([...partial, piece]);
      partial = [];
      partialLength = 0;
      const text = whole.toString('utf8').trim();
      if (text !== '') line(text);
    }
    if (from === part.length) return;
    partialLength += part.length - from;
    if (partialLength > longestLine) throw new Error('A line is too long');
    // A copy: the rest of the packet is not kept for it.
    partial.push(Buffer.from(part.subarray(from)));
  }

  return {
    push(bytes) {
      rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      while (step());
      if (rest.length > 0) rest = Buffer.from(rest);
      else rest = nothing;
      return state.at !== 'over';
    },
  };
}
