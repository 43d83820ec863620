/** What a sensor has to say that is no observation: for whoever wonders why nothing happens. */
export type EngineReport =
  /** What is watched from now on. */
  | {
      readonly kind: 'engine-watched';
      readonly engine: string;
      readonly url: string;
      readonly pidfile: string | undefined;
    }
  /** A connection was accepted, but nothing answers yet. */
  | { readonly kind: 'engine-silent'; readonly engine: string; readonly url: string }
  /** Something answers, but with another status than 200: a proxy before an engine that is not there. */
  | {
      readonly kind: 'engine-answers-badly';
      readonly engine: string;
      readonly url: string;
      readonly status: number;
    }
  /** This user may not open the socket. */
  | { readonly kind: 'engine-forbidden'; readonly engine: string; readonly path: string }
  /** The socket's file was removed, while the engine goes on listening on it. */
  | { readonly kind: 'engine-socket-removed'; readonly engine: string; readonly path: string }
  /** The socket may start Docker when opened, and nothing says that Docker runs: so it is left alone. */
  | {
      readonly kind: 'engine-left-alone';
      readonly engine: string;
      readonly path: string;
      readonly pidfile: string | undefined;
      readonly holder: 'systemd' | 'unknown';
    }
  /** The system's limit on watched files is used up. */
  | { readonly kind: 'watch-degraded'; readonly folder: string; readonly error: string };
