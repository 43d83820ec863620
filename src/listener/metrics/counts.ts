import type { Labels, Sample } from './exposition.ts';

/** Counts by labels. */
export interface Counter {
  /** Adds to a count; 0 makes it appear, so that its first rise is seen as one. */
  add(labels: Labels, by?: number): void;
  samples(): Sample[];
}

export function createCounter(): Counter {
  const counts = createTable(() => ({ value: 0 }));
  return {
    add(labels, by = 1) {
      counts.at(labels).value += by;
    },
    samples: () => counts.entries().map(({ labels, value: { value } }) => ({ labels, value })),
  };
}

/** The last number by labels. */
export interface Gauge {
  set(labels: Labels, value: number): void;
  samples(): Sample[];
}

export function createGauge(): Gauge {
  const values = createTable(() => ({ value: 0 }));
  return {
    set(labels, value) {
      values.at(labels).value = value;
    },
    samples: () => values.entries().map(({ labels, value: { value } }) => ({ labels, value })),
  };
}

/** Counts of values up to each bound, by labels. */
export interface Histogram {
  observe(labels: Labels, value: number): void;
  samples(): Sample[];
}

/** @param bounds upper bounds of the buckets, rising; the last one without bound is added */
export function createHistogram(bounds: readonly number[]): Histogram {
  const series = createTable(() => ({ sum: 0, count: 0, buckets: bounds.map(() => 0) }));
  return {
    observe(labels, value) {
      const one = series.at(labels);
      one.sum += value;
      one.count += 1;
      // A value above all of them is in the last bucket alone, which is the count.
      const bucket = bounds.findIndex((bound) => value <= bound);
      if (bucket !== -1) one.buckets[bucket] = (one.buckets[bucket] ?? 0) + 1;
    },
    samples: () =>
      series.entries().flatMap(({ labels, value: { sum, count, buckets } }): Sample[] => {
        let below = 0;
        const upTo = bounds.map((bound, index): Sample => {
          below += buckets[index] ?? 0;
          return { labels: { ...labels, le: String(bound) }, value: below, suffix: '_bucket' };
        });
        return [
          ...upTo,
          { labels: { ...labels, le: '+Inf' }, value: count, suffix: '_bucket' },
          { labels, value: sum, suffix: '_sum' },
          { labels, value: count, suffix: '_count' },
        ];
      }),
  };
}

/** Values by labels, made at the first use. */
function createTable<Value>(make: () => Value) {
  const values = new Map<string, { readonly labels: Labels; readonly value: Value }>();
  return {
    at(labels: Labels): Value {
      const key = JSON.stringify(Object.entries(labels).sort());
      const found = values.get(key) ?? { labels, value: make() };
      values.set(key, found);
      return found.value;
    },
    entries: () => [...values.values()],
  };
}
