import { JsonSkimmer, type Leaf } from './json-skimmer.ts';

/** A line of the event stream that is too long to be kept, read as it comes. */
export interface LongLine {
  /** Takes what of `bytes` is from `from` on and before `to`. */
  push(bytes: Buffer, from: number, to: number): void;
  /**
   * Returns the event as a shorter line of JSON, with `"shortened":true` in it: names and numbers whole, of each
   * attribute its first 4 KiB, and as many of them as fit. Empty for what is no event.
   */
  end(): string;
}

/** The most that is kept of one attribute, and of all of them, in bytes. */
const longestValue = 4096;
const allValues = 128 * 1024;

export function readLongLine(): LongLine {
  let type: string | undefined;
  let action: string | undefined;
  let id = '';
  let time = '0';
  let timeNano: string | undefined;
  const attributes = new Map<string, string>();
  let room = allValues;

  const skimmer = new JsonSkimmer({ wanted, leaf, longest: longestValue });

  function leaf({ path, text, isText }: Leaf): void {
    const [first, second, third] = path;
    if (isText) {
      if (first === 'Type') type = text;
      else if (first === 'Action') action = text;
      else if (second === 'ID') id = text;
      else if (typeof third === 'string') keep(third, text);
    } else if (first === 'timeNano' && /^\d{1,19}$/.test(text)) timeNano = text;
    else if (first === 'time' && /^\d{1,12}$/.test(text)) time = text;
  }

  function keep(name: string, value: string): void {
    const cost = name.length + value.length + 64;
    if (!needed.has(name) && cost > room) return;
    if (!needed.has(name)) room -= cost;
    attributes.set(name, value);
  }

  return {
    push: (bytes, from, to) => skimmer.push(bytes, from, to),
    end() {
      if (type === undefined || action === undefined || timeNano === undefined) return '';
      const actor = { ID: id, Attributes: Object.fromEntries(attributes) };
      const kept = { Type: type, Action: action, Actor: actor, scope: 'local', shortened: true };
      return `${JSON.stringify(kept).slice(0, -1)},"time":${time},"timeNano":${timeNano}}`;
    },
  };
}

/** What events are told apart by, and hooks chosen: kept whatever else there is. */
const needed = new Set(['name', 'image', 'exitCode', 'container', 'signal', 'execDuration']);

function wanted([first, second, ...more]: readonly (string | number)[]): boolean {
  switch (first) {
    case 'Type':
    case 'Action':
    case 'time':
    case 'timeNano':
      return second === undefined;
    case 'Actor':
      return second === 'ID'
        ? more.length === 0
        : second === 'Attributes' && more.length === 1 && more[0] !== '';
    default:
      return false;
  }
}
