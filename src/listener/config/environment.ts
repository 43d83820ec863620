import { type Input, wrong } from './input.ts';

/** Names of the variables that the listener sets for a hook. */
export const ownVariables = /^DOCKER_(LIFECYCLE|EVENT)_/;

export function isVariableName(name: string): boolean {
  return /^[A-Za-z_]\w*$/.test(name);
}

/**
 * Reads variables of the settings file.
 * @throws UserError for a name that cannot be one, or is the listener's own
 */
export function readEnvironment(variables: ReadonlyMap<string, Input>): Record<string, string> {
  for (const [name, { value, from }] of variables) {
    const bad = (what: string, fix: string) => wrong({ value: name, from }, what, fix);
    if (!isVariableName(name)) throw bad('is no name of a variable', 'Use letters, digits and _');
    if (ownVariables.test(name)) throw bad('is set by the listener itself', 'Give it another name');
    if (value.includes('\0')) throw bad('has a zero byte in its value', 'Leave it out');
  }
  return Object.fromEntries([...variables].map(([name, { value }]) => [name, value]));
}
