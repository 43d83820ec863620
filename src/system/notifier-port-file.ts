/** The file of the state folder that says which port `notifier install` has asked for. */
export const notifierPortFile = 'notifier.json';

/** Returns the text of that file. Null: no port is open. */
export function notifierPortText(port: number | null): string {
  return `${JSON.stringify({ version: 1, port })}\n`;
}
