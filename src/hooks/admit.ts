import { type RefusalCause, walk } from '../system/trust.ts';
import type { Candidate } from './find.ts';
import { type Unrunnable, whyNotExecutable, whyUnrunnable } from './program.ts';

/** Whether a candidate may be run now. */
export type Admission =
  | { readonly kind: 'admitted'; readonly hardLinks: number }
  | { readonly kind: LeftOut }
  | { readonly kind: 'refused'; readonly path: string; readonly cause: HookRefusalCause };

/**
 * Why a candidate is no hook, without anything being wrong.
 *
 * - `masked`: a link to /dev/null, switched off on purpose.
 * - `switched-off`: not executable, which is how people switch a hook off.
 * - `folder`: a folder in the folder.
 * - `gone`: removed since it was listed.
 */
export type LeftOut = 'masked' | 'switched-off' | 'folder' | 'gone';

/** What keeps a hook from being run. */
export type HookRefusalCause =
  | RefusalCause
  | Unrunnable
  /** The hook is a link, and what it leads to does not exist. */
  | { readonly kind: 'dangling' };

/** A hook that is not to be run, and why: the component at fault, and what is wrong with it. */
export type HookRefusal = Extract<Admission, { kind: 'refused' }>;

/**
 * Checks a candidate just before it is started: whether nobody but root and `user` can change it, then
 * whether it is a program at all.
 */
export function admit(candidate: Candidate, user: number): Admission {
  const walked = walk(candidate.path, user);
  if (!walked.trusted) return admitNot(candidate, walked.refusal.path, walked.refusal.cause);
  const { resolved: path, stats } = walked;
  if (stats.isDirectory()) return { kind: 'folder' };
  if (!stats.isFile()) return { kind: 'refused', path, cause: { kind: 'not-a-file' } };
  const mode = stats.mode & 0o7777;
  if ((mode & 0o100) === 0) return { kind: 'switched-off' };
  if ((mode & 0o6000) !== 0) return { kind: 'refused', path, cause: { kind: 'set-id', mode } };
  const cause = whyNotRun(path);
  return cause === undefined
    ? { kind: 'admitted', hardLinks: stats.nlink }
    : { kind: 'refused', path, cause };
}

function whyNotRun(path: string): Unrunnable | undefined {
  const code = whyNotExecutable(path);
  return code === undefined ? whyUnrunnable(path) : { kind: 'not-executable', code };
}

function admitNot(candidate: Candidate, path: string, cause: RefusalCause): Admission {
  // /dev/null is root's but everybody may write it: the walk stops there, and that is what a mask is.
  if (path === '/dev/null') return { kind: 'masked' };
  if (cause.kind === 'missing') {
    return path === candidate.path
      ? { kind: 'gone' }
      : { kind: 'refused', path, cause: { kind: 'dangling' } };
  }
  return { kind: 'refused', path, cause };
}
