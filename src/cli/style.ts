/** Colours, where they can be seen and are wanted. */
export interface Style {
  good(text: string): string;
  bad(text: string): string;
  faint(text: string): string;
  strong(text: string): string;
}

/** @param off whether colours were switched off on the command line */
export function styleFor(
  stream: { readonly isTTY?: boolean },
  off: boolean,
  environment: NodeJS.ProcessEnv = process.env,
): Style {
  // https://no-color.org: present and not empty, whatever its value.
  const plain = off || stream.isTTY !== true || Boolean(environment.NO_COLOR) || environment.TERM === 'dumb';
  const paint = (code: number) => (text: string) => (plain ? text : `\u001b[${code}m${text}\u001b[0m`);
  return { good: paint(32), bad: paint(31), faint: paint(2), strong: paint(1) };
}
