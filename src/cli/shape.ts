import { jsonTypeOf, tableIn } from '../system/json.ts';

/** Checks a JSON value. Returns the member at fault and the fault, as `engines[0].name is missing`; undefined for none. */
export type Shape = (value: unknown, at: string) => string | undefined;

function ofType(type: 'string' | 'number' | 'boolean'): Shape {
  return (value, at) => {
    return typeof value === type ? undefined : `${at} is ${jsonTypeOf(value)}`;
  };
}

export const text = ofType('string');
export const number = ofType('number');

/** Null, or of a shape. */
export function nullOr(shape: Shape): Shape {
  return (value, at) => (value === null ? undefined : shape(value, at));
}

/** Missing, or of a shape. */
export function optional(shape: Shape): Shape {
  return (value, at) => (value === undefined ? undefined : shape(value, at));
}

export function listOf(shape: Shape): Shape {
  return (value, at) => {
    if (!Array.isArray(value)) return `${at} is ${jsonTypeOf(value)}`;
    for (const [index, one] of value.entries()) {
      const fault = shape(one, `${at}[${index}]`);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
}

/** An object with these members; others are not looked at. */
export function table(members: { readonly [member: string]: Shape }): Shape {
  return (value, at) => {
    const found = tableIn(value);
    if (found === undefined) return `${at === '' ? 'it' : at} is ${jsonTypeOf(value)}`;
    for (const [member, shape] of Object.entries(members)) {
      const fault = shape(found[member], at === '' ? member : `${at}.${member}`);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
}
