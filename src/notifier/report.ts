/** What the notifier's port has to tell. `from` is the client's address and port. */
export type NotifierReport =
  | { readonly kind: 'notifier-listening'; readonly address: string; readonly port: number }
  | {
      readonly kind: 'notifier-not-listening';
      readonly address: string;
      readonly port: number;
      readonly error: string;
    }
  | ClientReport
  /** So much was said on the port in so little time that the rest is only counted. */
  | { readonly kind: 'notifier-flooded'; readonly count: number };

/** What one client did. */
export type ClientReport =
  | { readonly kind: 'notifier-said'; readonly from: string; readonly said: 'start' | 'stop' }
  | {
      readonly kind: 'notifier-refused';
      readonly from: string;
      readonly bytes: Uint8Array;
      readonly tooLong: boolean;
    }
  | { readonly kind: 'notifier-silent'; readonly from: string }
  | { readonly kind: 'notifier-held'; readonly from: string }
  /** A held connection ended without a word: its notifier is gone. */
  | { readonly kind: 'notifier-gone'; readonly from: string };
