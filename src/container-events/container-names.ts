import { namedContainer } from '../hooks/engine-events.ts';
import type { EngineEvent } from '../watch/lifecycle/engine-event.ts';
import { BoundedMap } from './bounded-map.ts';
import { limits } from './limits.ts';
import type { SeenContainer } from './seen-container.ts';

/** The names of containers by their ids, from their own events and from comparisons. */
export class ContainerNames {
  readonly #names = new BoundedMap<string>({
    entries: limits.containers,
    bytes: limits.names,
    weigh: (name) => 2 * name.length,
  });

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
    const container = namedContainer(event);
    const containerName = container === undefined ? undefined : this.#names.get(container);
    return containerName === undefined ? event : { ...event, containerName };
  }

  #set(id: string, name: string | undefined): void {
    if (name === undefined || name === '') return;
    this.#names.set(id, name);
  }
}
