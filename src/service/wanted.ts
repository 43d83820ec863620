import { digest, type Found } from './machine.ts';
import type { Entry } from './manifest.ts';
import type { Doing, Kept, Step } from './step.ts';

/** A folder, file or link that is to be there, and why. */
export type Wanted = { readonly reason: string } & (
  | { readonly kind: 'folder'; readonly path: string; readonly mode: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | (WantedFile & { readonly content: string })
  | (WantedFile & { readonly from: string; readonly digest: string })
);

interface WantedFile {
  readonly kind: 'file';
  readonly path: string;
  readonly mode: number;
  /** The administrator may edit it: an edited file is kept. */
  readonly editable: boolean;
  /** The administrator's own once it is there: whatever they make of it stays, and nothing is said of it. */
  readonly yields?: true;
}

/** The steps that create what is wanted, and the complete record of the install after them. */
export interface Comparison {
  readonly steps: readonly Step[];
  readonly kept: readonly Kept[];
  readonly entries: readonly Entry[];
}

/**
 * Compares what is wanted with what is there.
 * @param before what an earlier install wrote
 */
export function compare(
  wanted: readonly Wanted[],
  look: (path: string) => Found,
  before: readonly Entry[],
): Comparison {
  const steps: Step[] = [];
  const kept: Kept[] = [];
  const entries: Entry[] = [];
  for (const item of wanted) {
    const found = look(item.path);
    const known = before.filter(({ path }) => path === item.path);
    const verdict = judge(item, found, known);
    switch (verdict) {
      case 'there':
        // A folder that was there before is not ours to remove.
        if (item.kind !== 'folder' || known.length > 0) entries.push(entryOf(item));
        break;
      case 'to-do':
        steps.push({ ...doing(item), reason: item.reason });
        entries.push(entryOf(item));
        break;
      case 'edited':
        kept.push(edited(item.path));
        entries.push(...known);
        break;
      case 'yields':
        entries.push(...known);
        break;
      case 'foreign':
        kept.push(foreign(item.path));
        break;
      default:
        verdict satisfies never;
    }
  }
  return { steps, kept, entries };
}

type Verdict = 'there' | 'to-do' | 'edited' | 'yields' | 'foreign';

function judge(item: Wanted, found: Found, known: readonly Entry[]): Verdict {
  if (found.kind === 'nothing') return 'to-do';
  switch (item.kind) {
    case 'folder':
      return found.kind === 'folder' || found.kind === 'link' ? 'there' : 'foreign';
    case 'link':
      if (found.kind === 'link' && found.target === item.target) return 'there';
      return found.kind === 'link' && known.some(({ kind }) => kind === 'link') ? 'to-do' : 'foreign';
    case 'file': {
      if (found.kind === 'file' && found.digest === digestOf(item)) return 'there';
      if (!item.editable && found.kind === 'file') return 'to-do';
      if (item.yields && !isAsWritten(found, known)) return 'yields';
      if (!known.some(({ kind }) => kind === 'file')) return 'foreign';
      return isAsWritten(found, known) ? 'to-do' : 'edited';
    }
    default:
      return item satisfies never;
  }
}

/** Returns whether a file is as install wrote it, or as an interrupted install was going to write it. */
export function isAsWritten(found: Found, known: readonly Entry[]): boolean {
  return (
    found.kind === 'file' && known.some((entry) => entry.kind === 'file' && entry.digest === found.digest)
  );
}

function digestOf(item: Extract<Wanted, { kind: 'file' }>): string {
  return 'content' in item ? digest(item.content) : item.digest;
}

function doing(item: Wanted): Doing {
  switch (item.kind) {
    case 'folder':
      return { kind: 'folder', path: item.path, mode: item.mode };
    case 'link':
      return { kind: 'link', path: item.path, target: item.target };
    case 'file': {
      const { path, mode } = item;
      return 'content' in item
        ? { kind: 'file', path, mode, content: item.content }
        : { kind: 'copy', path, mode, from: item.from };
    }
    default:
      return item satisfies never;
  }
}

function entryOf(item: Wanted): Entry {
  switch (item.kind) {
    case 'folder':
      return { kind: 'folder', path: item.path };
    case 'link':
      return { kind: 'link', path: item.path, target: item.target };
    case 'file':
      return { kind: 'file', path: item.path, digest: digestOf(item) };
    default:
      return item satisfies never;
  }
}

function edited(path: string): Kept {
  return {
    path,
    reason: 'it was changed since install wrote it',
    fix: 'Put your changes into a drop-in, remove the file and install again to have it as it should be now',
  };
}

function foreign(path: string): Kept {
  return {
    path,
    reason: 'install did not write it',
    fix: 'Move it away and install again, if it should be ours',
  };
}
