import { accessSync, closeSync, constants, openSync, readSync } from 'node:fs';
import { errorCode } from '../system/failure.ts';
import type { Candidate } from './find.ts';
import { type RefusalCause, walkToHook } from './trust.ts';

/** Whether a candidate may be run now. */
export type Admission =
  | { readonly kind: 'admitted'; readonly hardLinks: number }
  /** A link to /dev/null: switched off on purpose. */
  | { readonly kind: 'masked' }
  /** Not executable: how people switch a hook off. */
  | { readonly kind: 'switched-off' }
  /** Removed since it was listed. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'refused'; readonly path: string; readonly cause: RefusalCause | Unrunnable };

/** Trusted, but nothing that the system can run. */
export type Unrunnable =
  | { readonly kind: 'no-interpreter' }
  | { readonly kind: 'unreadable'; readonly code: string };

/** Checks a candidate just before it is started: rules of trust first, then whether it can run at all. */
export function admit(candidate: Candidate, user: number): Admission {
  const walked = walkToHook(candidate.path, user);
  if (!walked.trusted) {
    const { path, cause } = walked.refusal;
    // /dev/null is root's but everybody may write it: the walk stops there, and that is what a mask is.
    if (path === '/dev/null') return { kind: 'masked' };
    if (cause.kind === 'missing' && path === candidate.path) return { kind: 'gone' };
    return { kind: 'refused', path, cause };
  }
  const { resolved, stats } = walked;
  if ((Number(stats.mode) & 0o100) === 0 || !mayExecute(resolved)) return { kind: 'switched-off' };
  const unrunnable = hasInterpreter(resolved);
  if (unrunnable !== undefined) return { kind: 'refused', path: resolved, cause: unrunnable };
  return { kind: 'admitted', hardLinks: Number(stats.nlink) };
}

function mayExecute(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** How much of a file is looked at to tell a binary from a text, in bytes. */
const sample = 512;

/**
 * A script without a `#!` line is run by some shell or other, depending on who starts it (execvp(3), and so
 * Node, takes /bin/sh): refused instead of guessed. A binary has a zero byte early on; an empty file neither.
 */
function hasInterpreter(path: string): Unrunnable | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    const bytes = Buffer.alloc(sample);
    const length = readSync(descriptor, bytes, 0, sample, 0);
    const isScript = bytes.toString('latin1', 0, 2) === '#!';
    const isBinary = bytes.subarray(0, length).includes(0);
    return isScript || isBinary ? undefined : { kind: 'no-interpreter' };
  } catch (error) {
    const code = errorCode(error) ?? 'UNKNOWN';
    // Execute-only files run all the same.
    return code === 'EACCES' ? undefined : { kind: 'unreadable', code };
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
