import { accessSync, closeSync, constants, openSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import { isShortage, withDescriptors } from '../system/descriptor-reserve.ts';
import { type RefusalCause, walk } from '../system/trust.ts';
import { codeOf } from '../system/user-error.ts';
import { hasCapabilities } from './file-capabilities.ts';
import type { Candidate } from './find.ts';

/** The result of a check whether a candidate may be run now. */
type Admission =
  | { readonly kind: 'admitted'; readonly hardLinks: number }
  | { readonly kind: LeftOut }
  | { readonly kind: 'refused'; readonly path: string; readonly cause: HookRefusalCause };

/**
 * The reason why a candidate is not a hook, without anything being wrong.
 *
 * - `masked`: a link to /dev/null, switched off on purpose.
 * - `switched-off`: not executable, which is how people switch a hook off.
 * - `folder`: a folder in the folder.
 * - `gone`: removed since it was listed.
 */
export type LeftOut = 'masked' | 'switched-off' | 'folder' | 'gone';

/** The cause that keeps a hook from being run. */
export type HookRefusalCause =
  | RefusalCause
  | Unrunnable
  /** The hook is a link, and what it leads to does not exist. */
  | { readonly kind: 'dangling' };

/** A hook that is not to be run, and why: the component at fault, and what is wrong with it. */
export type HookRefusal = Extract<Admission, { kind: 'refused' }>;

/**
 * Checks a candidate just before it is started: only root and `user` may be able to change it, and
 * it has to be a program.
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
  // A mask. The walk refuses /dev/null, which is root's but writable for everyone.
  if (path === '/dev/null') return { kind: 'masked' };
  if (cause.kind === 'missing') {
    return path === candidate.path
      ? { kind: 'gone' }
      : { kind: 'refused', path, cause: { kind: 'dangling' } };
  }
  return { kind: 'refused', path, cause };
}

/** Trusted, but nothing that the system can run as it is. */
type Unrunnable =
  /** A text without a `#!` line, or with one that names nothing. */
  | { readonly kind: 'no-interpreter' }
  /** Some editors put a byte order mark before a text: the kernel does not find the `#!` behind it. */
  | { readonly kind: 'byte-order-mark' }
  /** Its `#!` line ends in a carriage return, which the kernel takes for part of the program's name. */
  | { readonly kind: 'windows-line-ends' }
  /** The program on its `#!` line does not exist (`ENOENT`), or may not be run (`EACCES`). */
  | { readonly kind: 'interpreter'; readonly program: string; readonly code: string }
  /** Neither a script nor a program of a kind that Linux or macOS run by themselves. */
  | { readonly kind: 'unknown-format' }
  /** A program with file capabilities: more rights than its user has. */
  | { readonly kind: 'capabilities' }
  /** Marked executable, but not executable here: a file system mounted noexec, or another user's file. */
  | { readonly kind: 'not-executable'; readonly code: string }
  | { readonly kind: 'unreadable'; readonly code: string };

/** The kind of program that the first bytes of a file show. */
type Program =
  | { readonly kind: 'binary' }
  /** `argument` is the rest of its first line, which Linux passes to the interpreter as one. */
  | { readonly kind: 'script'; readonly interpreter: string; readonly argument?: string }
  | Extract<
      Unrunnable,
      { kind: 'no-interpreter' | 'byte-order-mark' | 'windows-line-ends' | 'unknown-format' }
    >;

/** An interpreter of a hook that another user than root and the hook's own can replace. */
export interface ExposedInterpreter {
  /** The program as the `#!` line names it, or as it was found on the hook's PATH. */
  readonly program: string;
  /** The component at fault: the program, a folder or a link on the way to it, or a folder of the PATH before it. */
  readonly path: string;
  readonly cause: RefusalCause;
}

/** Bytes that the kernel reads: BINPRM_BUF_SIZE in Linux' include/uapi/linux/binfmts.h; macOS reads 512. */
const sample = 256;

const buffer = Buffer.allocUnsafe(sample);

/**
 * Returns why the system would not run this file by itself, without guessing: a text without a `#!` line, or a binary
 * of an unknown kind, is run through /bin/sh by execvp(3) and so by Node.
 * @returns undefined when it would
 */
export function whyUnrunnable(path: string): Unrunnable | undefined {
  let program: Program;
  try {
    program = programOf(path);
  } catch (error) {
    const code = codeOf(error);
    // A binary that may be executed but not read runs all the same.
    // For want of descriptors it cannot be started now either, and is checked again when it can.
    return code === 'EACCES' || isShortage(code) ? undefined : { kind: 'unreadable', code };
  }
  switch (program.kind) {
    case 'binary':
      return hasCapabilities(path) ? { kind: 'capabilities' } : undefined;
    case 'script': {
      const code = whyNotExecutable(resolve('/', program.interpreter));
      return code === undefined ? undefined : { kind: 'interpreter', program: program.interpreter, code };
    }
    default:
      return program;
  }
}

/**
 * Reads what a regular file's first bytes say.
 * @throws the system's error where it cannot be read
 */
export function programOf(path: string): Program {
  const descriptor = withDescriptors(() => openSync(path, 'r'));
  try {
    return readProgram(buffer.subarray(0, readSync(descriptor, buffer, 0, sample, 0)));
  } finally {
    closeSync(descriptor);
  }
}

/** Why this process may not execute a file, as a system error's code; undefined when it may. */
function whyNotExecutable(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK);
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}

/** Reads a file's first bytes, up to 256, as execve(2) does. */
export function readProgram(bytes: Uint8Array): Program {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  if (text.startsWith('#!')) return readFirstLine(text);
  if (text.startsWith('\xef\xbb\xbf#!')) return { kind: 'byte-order-mark' };
  if (magicNumbers.some((magic) => text.startsWith(magic))) return { kind: 'binary' };
  return text.includes('\0') ? { kind: 'unknown-format' } : { kind: 'no-interpreter' };
}

/** ELF, then Mach-O: 64 and 32 bits, either byte order, and universal. */
const magicNumbers = [
  '\x7fELF',
  '\xcf\xfa\xed\xfe',
  '\xce\xfa\xed\xfe',
  '\xfe\xed\xfa\xcf',
  '\xfe\xed\xfa\xce',
  '\xca\xfe\xba\xbe',
];

function readFirstLine(text: string): Program {
  const end = text.indexOf('\n');
  const line = end === -1 ? text : text.slice(0, end);
  const name = /^#![ \t]*([^ \t\0]+)/.exec(line);
  // A name that fills what the kernel looks at is cut there, which Linux takes for no program at all.
  if (name?.[1] === undefined || (end === -1 && name[0].length >= sample)) return { kind: 'no-interpreter' };
  if (line.endsWith('\r')) return { kind: 'windows-line-ends' };
  const argument = /^[^\0]*/.exec(line.slice(name[0].length))?.[0].trim() ?? '';
  return {
    kind: 'script',
    interpreter: utf8(name[1]),
    ...(argument === '' ? {} : { argument: utf8(argument) }),
  };
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}
