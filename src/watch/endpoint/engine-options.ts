import { quote } from '../../system/shell-quote.ts';
import type { EngineSettings } from '../settings.ts';

/** An engine, as far as a command line has to name it. */
export type NamedEngine = Pick<EngineSettings, 'name' | 'endpoint' | 'chosenBy'>;

/**
 * Returns the options of this program that name an engine; none for the one that is meant where nothing names one. A
 * context is named as such, because its endpoint alone has none of its TLS files.
 */
export function engineOptions({ name, endpoint, chosenBy }: NamedEngine): readonly string[] {
  if (chosenBy === 'default') return [];
  const isContext = name !== endpoint.url && name !== 'default';
  return isContext ? ['--context', name] : ['--host', endpoint.url];
}

/**
 * Returns the beginning of a `docker` command for the same engine, for a shell: so a hint that is copied speaks to the
 * engine it is about, whichever engine the next shell would choose.
 * @param options as `engineOptions` returns them
 */
export function dockerCommand(options: readonly string[]): string {
  return ['docker', ...options.map((word) => (word === '--host' ? '-H' : quote(word)))].join(' ');
}
