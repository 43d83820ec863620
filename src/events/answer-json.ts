import { JsonSkimmer, type Leaf } from '../system/json-skimmer.ts';
import { limits } from './limits.ts';

/** The most that is kept of a long answer, and of one text in it, in bytes. */
const mostKept = 4 * 1024 * 1024;
const longestText = 4096;

/**
 * Reads an answer of JSON. What is longer than a line of events may be is not parsed whole, which takes up to twenty
 * times its length in memory: only its leaves that are wanted are kept, as far as there is room.
 * @param wanted tells from its path whether a leaf of a long answer is kept
 * @throws SyntaxError for a short answer that is no JSON
 */
export function readAnswerJson(
  body: Buffer,
  wanted: (path: readonly (string | number)[]) => boolean,
): unknown {
  if (body.length <= limits.line) return JSON.parse(body.toString('utf8'));
  let root: unknown;
  let room = mostKept;
  const leaf = ({ path, text, isText, isCut }: Leaf) => {
    room -= text.length + 64;
    if (room > 0 && !isCut) root = withLeaf(root, path, isText ? text : wordIn(text));
  };
  new JsonSkimmer({ wanted, leaf, longest: longestText }).push(body);
  return root;
}

/** Puts a leaf at its place in lists and objects that are made for it. */
function withLeaf(root: unknown, [first, ...rest]: readonly (string | number)[], value: unknown): unknown {
  if (first === undefined) return value;
  const holder: { [name: string | number]: unknown } =
    typeof root === 'object' && root !== null ? root : typeof first === 'number' ? [] : Object.create(null);
  holder[first] = withLeaf(holder[first], rest, value);
  return holder;
}

function wordIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
