/** One thing that is done to the machine, and why: shown before it is done. Paths are absolute. */
export type Step = Doing & { readonly reason: string };

export type Doing =
  /** Makes a folder; those on the way to it are steps of their own. */
  | { readonly kind: 'folder'; readonly path: string; readonly mode: number }
  /** Writes a file, or replaces it as a whole. */
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly content: string }
  | { readonly kind: 'copy'; readonly path: string; readonly mode: number; readonly from: string }
  /** Makes a link, or turns it to another target in one go. */
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  /** Removes a file or a link. */
  | { readonly kind: 'remove'; readonly path: string }
  /** Removes a folder if nothing is in it; else it stays. */
  | { readonly kind: 'remove-folder'; readonly path: string }
  /** Removes a folder and all that is in it. */
  | { readonly kind: 'remove-tree'; readonly path: string }
  /**
   * Runs a command, `tries` times at most (1 by default). A failure ends the plan, unless it `mayFail`. `shows` prints its output, also of a
   * failure.
   */
  | {
      readonly kind: 'run';
      readonly words: readonly string[];
      readonly mayFail?: true;
      readonly shows?: true;
      readonly tries?: number;
    };

/** Returns the name of a file until it is complete; an install that was killed leaves it. */
export function draftOf(path: string): string {
  return `${path}.new`;
}

/** Something that stays as it is, and why; where something can be done about it, what. */
export interface Kept {
  readonly path: string;
  readonly reason: string;
  readonly fix?: string;
}
