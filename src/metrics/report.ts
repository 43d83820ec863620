/** What becomes of the port for metrics. Without it, hooks run all the same. */
export type MetricsReport =
  | { readonly kind: 'metrics-listening'; readonly address: string; readonly port: number }
  /** Tried again until it goes well. */
  | {
      readonly kind: 'metrics-not-listening';
      readonly address: string;
      readonly port: number;
      readonly code: string;
    };
