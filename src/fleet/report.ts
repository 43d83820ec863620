/** A reason for which a host cannot publish to its fleet now. */
export type FleetProblem =
  | { readonly kind: 'unreachable'; readonly server: string; readonly code: string }
  /** It accepted the connection, and did not speak as a NATS server does. */
  | { readonly kind: 'not-nats'; readonly server: string }
  | { readonly kind: 'silent'; readonly server: string }
  | { readonly kind: 'no-tls'; readonly server: string }
  | { readonly kind: 'certificate-unknown'; readonly server: string; readonly code: string }
  | { readonly kind: 'certificate-name'; readonly server: string }
  | { readonly kind: 'not-admitted'; readonly server: string; readonly seed: boolean }
  /** A file of ours that may not be used; `found` and `fix` are sentences. */
  | { readonly kind: 'file-refused'; readonly path: string; readonly found: string; readonly fix: string }
  | { readonly kind: 'not-permitted'; readonly subject: string; readonly name: string }
  | { readonly kind: 'no-jetstream'; readonly server: string }
  | { readonly kind: 'not-set-up' }
  | { readonly kind: 'newer'; readonly format: number }
  | { readonly kind: 'full'; readonly said: string }
  /** Another machine publishes under this name; `journal` is the id of its journal. */
  | { readonly kind: 'other-machine'; readonly name: string; readonly journal: string }
  | { readonly kind: 'journal-unreadable'; readonly code: string }
  | { readonly kind: 'lost'; readonly server: string }
  /** The broker's words, or the error on the way to it; safe to show. */
  | { readonly kind: 'failed'; readonly said: string };

/** Reports of the publisher; a problem is reported once, until it is another one or over. */
export type FleetReport =
  | {
      readonly kind: 'fleet-connected';
      readonly server: string;
      readonly name: string;
      readonly behind: number;
    }
  | { readonly kind: 'fleet-failing'; readonly problem: FleetProblem }
  /** The broker has records that the journal does not have: the machine lost its power, or is a copy of another one. */
  | { readonly kind: 'fleet-journal-renewed'; readonly published: number; readonly kept: number };

/** The state of the publisher, in the answer to `GET /v1/status`. */
export interface FleetStatus {
  /** The name of this host in the fleet. */
  readonly name: string;
  /** The server that it is connected to; null while it is not. */
  readonly server: string | null;
  /** Records of the journal that were not looked at yet; null until the broker was asked how far it is. */
  readonly behind: number | null;
  /** Messages that the broker has taken, in this life of the listener. */
  readonly published: number;
  /** The broker's clock less ours, in ms; null until it is known. */
  readonly clockSkewMs: number | null;
  /** Why it does not publish; null while it does. */
  readonly problem: {
    readonly kind: FleetProblem['kind'];
    readonly text: string;
    readonly fix: string;
  } | null;
}

/** The state of a host, as the fleet has it. */
export interface FleetHostState {
  readonly host: string;
  /** `silent`: three signs of life are missing; nothing is known of its engines then. */
  readonly state: 'up' | 'down' | 'silent' | 'unknown';
  /** The broker's time of its last sign of life. */
  readonly seen: string;
  /** The version of its listener. */
  readonly version: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly engines: readonly { readonly name: string; readonly state: string }[];
  /** Hooks that failed last, the first 8 of them. */
  readonly failing: readonly string[];
}
