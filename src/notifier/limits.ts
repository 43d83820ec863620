/** What the port grants to whoever reaches it. A test may grant less; nothing else does. */
export interface Limits {
  /** How long a client may take from one line that is understood to the next, in ms. */
  readonly patience: number;
  /** How many lines a client may say, a held one too: what it is answered is kept while it does not read. */
  readonly lines: number;
  /** Connections at once, those held among them. For one more, the oldest that is not held makes room. */
  readonly connections: number;
  /** Connections that may stay. */
  readonly held: number;
  /** How many reports of clients pass in one window of time, and how long a window is, in ms. */
  readonly reports: number;
  readonly window: number;
}

/** Nothing that a host with notifiers comes near: each says three lines, and there are a handful at most. */
export const defaultLimits: Limits = {
  patience: 5000,
  lines: 64,
  connections: 4000,
  held: 32,
  reports: 20,
  window: 10_000,
};
