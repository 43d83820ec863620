import { type Table, tableIn } from '../system/json.ts';
import { exitCode, UserError } from '../system/user-error.ts';
import { type AskedEngine, askEngine, complaint, jsonIn } from './api.ts';
import { labels, notifierName } from './described.ts';

/** The notifier's container as an engine has it. */
export type FoundNotifier =
  | { readonly kind: 'missing' }
  /** A container of that name that is none of ours. */
  | { readonly kind: 'foreign'; readonly image: string }
  | {
      readonly kind: 'present';
      readonly id: string;
      readonly running: boolean;
      /** The engine's word: `running`, `exited`, `restarting`, … */
      readonly state: string;
      /** Undefined for one that was built by hand. */
      readonly version: string | undefined;
      readonly base: string | undefined;
      /** The image that it was made from, by its id. */
      readonly image: string;
      /** The listener's host, from its command line. */
      readonly host: string;
      readonly port: number;
    };

/** Asks an engine for the notifier's container. */
export async function findNotifier(engine: AskedEngine): Promise<FoundNotifier> {
  const answer = await askEngine(engine, { method: 'GET', path: `/containers/${notifierName}/json` });
  if (answer.status === 404) return { kind: 'missing' };
  if (answer.status !== 200) {
    throw new UserError(exitCode.failed, `Docker (${engine.name}) does not say: ${complaint(answer)}`);
  }
  const container = readContainer(jsonIn(answer));
  if (container === undefined) {
    throw new UserError(
      exitCode.unavailable,
      `What answers at ${engine.endpoint.url} is no Docker: it says nothing of a container`,
      'Say which Docker with --host or --context, as for docker itself',
    );
  }
  return container;
}

/** Reads an engine's answer about a container. @returns undefined for an answer that is about none */
export function readContainer(container: Table): FoundNotifier | undefined {
  const { Id: id, Image: image } = container;
  const state = tableIn(container.State) ?? {};
  const config = tableIn(container.Config) ?? {};
  const written = tableIn(config.Labels) ?? {};
  if (!isText(id) || !/^[\w.-]+$/.test(id)) return undefined;
  const made = isText(image) ? image : '';
  if (written[labels.title] !== notifierName) {
    return { kind: 'foreign', image: isText(config.Image) ? config.Image : made };
  }
  const words: readonly unknown[] = Array.isArray(config.Cmd) ? config.Cmd : [];
  const [host, port] = words;
  return {
    kind: 'present',
    id,
    running: state.Running === true && state.Status === 'running',
    state: isText(state.Status) ? state.Status : 'unknown',
    version: textOf(written[labels.version]),
    base: textOf(written[labels.base]),
    image: made,
    host: textOf(host) ?? '',
    port: Number(textOf(port) ?? ''),
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function textOf(value: unknown): string | undefined {
  return isText(value) ? value : undefined;
}
