import type { Known } from './compare.ts';
import { limits, weightOf } from './limits.ts';

/**
 * The containers that are taken to run, within a budget of memory: beyond it a container's labels are not kept, and
 * far beyond it those that are known longest are forgotten. No engine that is honest comes near that.
 */
export class RunningContainers {
  readonly #known = new Map<string, Known>();
  readonly #weights = new Map<string, number>();
  #weight = 0;

  constructor(containers: Iterable<readonly [string, Known]> = []) {
    for (const [id, known] of containers) this.set(id, known);
  }

  /** All of them, by id, in the order in which they were set first. */
  get all(): ReadonlyMap<string, Known> {
    return this.#known;
  }

  get(id: string): Known | undefined {
    return this.#known.get(id);
  }

  set(id: string, known: Known): void {
    this.#weight -= this.#weights.get(id) ?? 0;
    const whole = weightOf(known.attributes) + 2 * id.length;
    const fits = this.#weight + whole <= limits.running;
    const { name = '', image = '' } = known.attributes;
    const kept = fits ? known : { ...known, attributes: { name, image } };
    const weight = fits ? whole : weightOf(kept.attributes) + 2 * id.length;
    this.#known.set(id, kept);
    this.#weights.set(id, weight);
    this.#weight += weight;
    for (const oldest of this.#known.keys()) {
      if (this.#weight <= 2 * limits.running) break;
      this.delete(oldest);
    }
  }

  delete(id: string): void {
    this.#weight -= this.#weights.get(id) ?? 0;
    this.#known.delete(id);
    this.#weights.delete(id);
  }

  clear(): void {
    this.#known.clear();
    this.#weights.clear();
    this.#weight = 0;
  }
}
