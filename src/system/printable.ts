/**
 * Bytes from outside, made safe to show on a terminal and in a log: valid UTF-8 stays readable, control
 * characters, escape sequences, bidirectional overrides and invalid bytes become visible escapes, and what
 * is longer than `limit` bytes is cut with a note of how much is missing. Tabs stay, for they move nothing
 * but the text behind them. `\xNN` is always one byte, `\uNNNN` a character of several.
 */
export function printable(bytes: Uint8Array, limit = 4096): string {
  const shown = bytes.length > limit ? bytes.subarray(0, wholeCharacters(bytes, limit)) : bytes;
  const text = printableText(decode(shown));
  return shown.length < bytes.length ? `${text}… (${bytes.length - shown.length} more bytes)` : text;
}

/** The same for a text that was decoded already; never cut. What is printable already stays as it is. */
export function printableText(text: string): string {
  return text.replace(unsafe, escapeCharacter);
}

// Control characters without tab, line and paragraph separators, bidirectional controls (Trojan Source),
// byte order mark, half a surrogate pair.
const unsafe = /(?!\t)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}\ufeff]/gu;

function escapeCharacter(character: string): string {
  switch (character) {
    case '\n':
      return '\\n';
    case '\r':
      return '\\r';
    default: {
      const code = character.charCodeAt(0);
      return code < 0x80 ? hex(code) : `\\u${code.toString(16).padStart(4, '0')}`;
    }
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return decodeWithEscapes(bytes);
  }
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Each valid stretch is decoded as a whole, each invalid byte is shown as `\xNN`. Validity is looked up, not
 * tried: an exception for each byte of binary output would cost seconds a megabyte.
 */
function decodeWithEscapes(bytes: Uint8Array): string {
  let text = '';
  let valid = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    if (valid < at) text += strict.decode(bytes.subarray(valid, at));
    text += hex(bytes[at] ?? 0);
    at += 1;
    valid = at;
  }
  return text + strict.decode(bytes.subarray(valid));
}

/** The length of the well-formed UTF-8 character at `at`, 0 when there is none (Unicode's table 3-7). */
function characterLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return 1;
  const length = sequenceLength(lead);
  const [lowest, highest] = secondByte(lead);
  const second = bytes[at + 1] ?? 0;
  if (second < lowest || second > highest) return 0;
  for (let more = 2; more < length; more++) if (!isContinuation(bytes[at + more])) return 0;
  return length;
}

function sequenceLength(lead: number): number {
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  if (lead >= 0xf0 && lead < 0xf5) return 4;
  return 0;
}

/** The range of a second byte: no overlong form, no surrogate, nothing beyond Unicode. */
function secondByte(lead: number): readonly [lowest: number, highest: number] {
  switch (lead) {
    case 0xe0:
      return [0xa0, 0xbf];
    case 0xed:
      return [0x80, 0x9f];
    case 0xf0:
      return [0x90, 0xbf];
    case 0xf4:
      return [0x80, 0x8f];
    default:
      return [0x80, 0xbf];
  }
}

function isContinuation(byte = 0): boolean {
  return (byte & 0xc0) === 0x80;
}

/** The largest cut not above `limit` that does not split a UTF-8 character. */
function wholeCharacters(bytes: Uint8Array, limit: number): number {
  let cut = limit;
  while (cut > limit - 4 && cut > 0 && isContinuation(bytes[cut])) cut -= 1;
  return isContinuation(bytes[cut]) ? limit : cut;
}

function hex(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
