import type { Refusal } from '../system/trust.ts';

/** What becomes of the control socket. Without one, hooks run all the same. */
export type ControlReport =
  | { readonly kind: 'control-listening'; readonly path: string }
  /** The socket's folder could be changed by somebody else. */
  | { readonly kind: 'control-refused'; readonly path: string; readonly refusal: Refusal }
  /** Another listener answers there. */
  | { readonly kind: 'control-in-use'; readonly path: string }
  /** The page can be looked at. */
  | { readonly kind: 'page-opened'; readonly port: number }
  /** Nobody has looked at it for a while. */
  | { readonly kind: 'page-closed' }
  /** Something is there that is no socket, or the system would not have it. */
  | { readonly kind: 'control-failed'; readonly path: string; readonly code: string };
