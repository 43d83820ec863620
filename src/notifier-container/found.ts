import { exitCode, Failure } from '../system/failure.ts';
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
      /** As the engine calls it: `running`, `exited`, `restarting`, … */
      readonly state: string;
      /** Undefined for one that was built by hand. */
      readonly version: string | undefined;
      readonly base: string | undefined;
      /** The image that it was made from, by its id. */
      readonly image: string;
      /** Where it looks for the listener, as it was told on its command line. */
      readonly host: string;
      readonly port: number;
    };

/** Asks an engine for the notifier's container. */
export async function findNotifier(engine: AskedEngine): Promise<FoundNotifier> {
  const answer = await askEngine(engine, { method: 'GET', path: `/containers/${notifierName}/json` });
  if (answer.status === 404) return { kind: 'missing' };
  if (answer.status !== 200) {
    throw new Failure(exitCode.failed, `Docker (${engine.name}) does not say: ${complaint(answer)}`);
  }
  const container: ContainerJson = jsonIn(answer);
  if (typeof container.Id !== 'string') {
    throw new Failure(
      exitCode.unavailable,
      `What answers at ${engine.endpoint.url} is no Docker: it says nothing of a container`,
      'Say which Docker with --host or --context, as for docker itself',
    );
  }
  return readContainer(container);
}

/** What is read of an engine's answer about a container. */
interface ContainerJson {
  readonly Id?: string;
  readonly Image?: string;
  readonly State?: { readonly Running?: boolean; readonly Status?: string };
  readonly Config?: {
    readonly Image?: string;
    readonly Cmd?: readonly string[] | null;
    readonly Labels?: Readonly<Record<string, string>> | null;
  };
}

export function readContainer({ Id = '', Image = '', State, Config }: ContainerJson): FoundNotifier {
  const written = Config?.Labels ?? {};
  if (written[labels.title] !== notifierName) return { kind: 'foreign', image: Config?.Image ?? Image };
  const [host = '', port = ''] = Config?.Cmd ?? [];
  return {
    kind: 'present',
    id: Id,
    running: State?.Running === true && State.Status === 'running',
    state: State?.Status ?? 'unknown',
    version: written[labels.version],
    base: written[labels.base],
    image: Image,
    host,
    port: Number(port),
  };
}
