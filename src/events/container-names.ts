import type { EngineEvent } from '../lifecycle/engine-event.ts';
import type { SeenContainer } from './seen-container.ts';

/** So many containers are remembered: as many as a comparison looks at. */
const most = 20_000;

/** The names of containers by their ids, from their own events and from comparisons. */
export class ContainerNames {
  readonly #names = new Map<string, string>();

  constructor(
    running: Iterable<readonly [string, { readonly attributes: Readonly<Record<string, string>> }]>,
  ) {
    for (const [id, { attributes }] of running) this.#set(id, attributes.name);
  }

  /** Takes an event of a container. */
  note({ id, action, name }: EngineEvent): void {
    if (action === 'destroy') this.#names.delete(id);
    else this.#set(id, name);
  }

  compare(seen: readonly SeenContainer[]): void {
    for (const { id, attributes } of seen) this.#set(id, attributes.name);
  }

  /** An event of something else, with the name of the container that it names. */
  named(event: EngineEvent): EngineEvent {
    const { container } = event.attributes;
    const containerName = container === undefined ? undefined : this.#names.get(container);
    return event.type === 'container' || containerName === undefined ? event : { ...event, containerName };
  }

  #set(id: string, name: string | undefined): void {
    if (name === undefined || name === '') return;
    this.#names.delete(id);
    this.#names.set(id, name);
    const [oldest] = this.#names.keys();
    if (this.#names.size > most && oldest !== undefined) this.#names.delete(oldest);
  }
}
