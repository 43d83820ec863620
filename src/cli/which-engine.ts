import type { ControlClient } from '../listener/control/client.ts';
import type { EngineStatus } from '../listener/status.ts';
import { enginesIn } from './answers.ts';
import { usage } from './options.ts';

/** The engine of that name or URL; undefined where the listener watches none such. */
export function engineCalled(engine: string, engines: readonly EngineStatus[]): EngineStatus | undefined {
  return engines.find(({ name, url }) => name === engine || url === engine);
}

/** @returns the failure, with exit code 64, that the listener does not watch an engine */
export function notWatched(engine: string, engines: readonly EngineStatus[]): Error {
  const names = engines.map(({ name }) => name).join(', ');
  return usage(`The listener watches no engine ${JSON.stringify(engine)}`, `It watches: ${names}`);
}

/**
 * The name by which the listener reports an engine, which may be called by its URL; as Docker's own `-H` does.
 * @throws UserError with exit code 64 for one that it does not watch
 */
export async function nameOfEngine(client: ControlClient, engine: string): Promise<string> {
  const engines = enginesIn(await client.get('/v1/status'));
  const found = engineCalled(engine, engines);
  if (found === undefined) throw notWatched(engine, engines);
  return found.name;
}
