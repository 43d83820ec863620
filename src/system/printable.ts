/**
 * Bytes from outside, made safe to show on a terminal and in a log: valid UTF-8 stays readable, control
 * characters, escape sequences, bidirectional overrides and invalid bytes become visible escapes, and what
 * is longer than `limit` bytes is cut with a note of how much is missing.
 */
export function printable(bytes: Uint8Array, limit = 4096): string {
  const shown = bytes.length > limit ? bytes.subarray(0, wholeCharacters(bytes, limit)) : bytes;
  const text = decode(shown).replace(unsafe, escapeCharacter);
  return shown.length < bytes.length ? `${text}… (${bytes.length - shown.length} more bytes)` : text;
}

// C0 without tab, DEL and C1, line and paragraph separators, bidirectional controls (Trojan Source), BOM.
const unsafe =
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

function escapeCharacter(character: string): string {
  switch (character) {
    case '\n':
      return '\\n';
    case '\r':
      return '\\r';
    default: {
      const code = character.charCodeAt(0);
      return code < 0x100 ? hex(code) : `\\u${code.toString(16).padStart(4, '0')}`;
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

/** Byte by byte where it must: each maximal valid stretch is decoded, each invalid byte is shown as `\xNN`. */
function decodeWithEscapes(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes[at] ?? 0);
    try {
      if (length === 0 || at + length > bytes.length) throw new RangeError('not a sequence');
      text += strict.decode(bytes.subarray(at, at + length));
      at += length;
    } catch {
      text += hex(bytes[at] ?? 0);
      at += 1;
    }
  }
  return text;
}

function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  if (lead >= 0xf0 && lead < 0xf5) return 4;
  return 0;
}

/** The largest cut not above `limit` that does not split a UTF-8 character. */
function wholeCharacters(bytes: Uint8Array, limit: number): number {
  let cut = limit;
  while (cut > limit - 4 && cut > 0 && ((bytes[cut] ?? 0) & 0xc0) === 0x80) cut -= 1;
  return ((bytes[cut] ?? 0) & 0xc0) === 0x80 ? limit : cut;
}

function hex(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
