import { UserError } from '../system/user-error.ts';
import { type AskedEngine, askEngine } from './api.ts';
import { joinFrames, mostLines, printedLines } from './output.ts';

/** Returns the last lines that a container printed; none where its engine keeps no log that can be read. */
export async function lastLines(engine: AskedEngine, id: string): Promise<string[]> {
  try {
    const path = `/containers/${id}/logs?stdout=1&stderr=1&tail=${mostLines}`;
    const { status, body } = await askEngine(engine, { method: 'GET', path });
    return status === 200 ? printedLines(joinFrames(body)) : [];
  } catch (error) {
    // The lines explain another failure, and that one counts.
    if (error instanceof UserError) return [];
    throw error;
  }
}
