import type { ExposedInterpreter, HookRefusalCause } from '../../hooks/admit.ts';
import { printableText } from '../../system/printable.ts';
import { quote } from '../../system/shell-quote.ts';
import type { Refusal } from '../../system/trust.ts';
import { describeTrustRefusal, isHome, type RefusalWords } from '../../system/trust-words.ts';

/** Returns a refusal in words: of a hook, or of any path that root is to trust; of a later version's cause its kind. */
export function describeRefusal(refusal: { path: string; cause: HookRefusalCause }): RefusalWords {
  const { cause } = refusal;
  const it = quote(refusal.path);
  // A name may hold what a terminal obeys.
  const path = printableText(refusal.path);
  switch (cause.kind) {
    case 'missing':
    case 'unreadable':
    case 'owner':
    case 'writable':
    case 'set-id':
    case 'user-mount':
    case 'not-a-folder':
    case 'not-a-file':
    case 'too-many-links':
      return describeTrustRefusal({ path: refusal.path, cause });
    case 'dangling':
      return { found: `it is a link to ${path}, which does not exist`, fix: 'Remove or mend the link' };
    case 'no-interpreter':
      return { found: `${path} does not say what runs it`, fix: 'Make its first line: #!/bin/sh' };
    case 'byte-order-mark':
      return {
        found: `${path} begins with a byte order mark, so that its first line names no program`,
        fix: `Run: sed -i '1s/^\\xEF\\xBB\\xBF//' ${it}`,
      };
    case 'windows-line-ends':
      return {
        found: `the lines of ${path} end as on Windows, so that its first one names no program`,
        fix: `Run: sed -i 's/\\r$//' ${it}`,
      };
    case 'interpreter':
      return {
        found:
          cause.code === 'ENOENT'
            ? `${cause.program}, the program on its first line, does not exist`
            : `${cause.program}, the program on its first line, cannot be run (${cause.code})`,
        fix: `Install it, or correct the first line of ${it}`,
      };
    case 'unknown-format':
      return {
        found: `${path} is neither a script nor a program of this system`,
        fix: 'Start it from a script',
      };
    case 'capabilities':
      return {
        found: `${path} has file capabilities: more rights than its user`,
        fix: `Run: setcap -r ${it}`,
      };
    case 'not-executable':
      return {
        found: `${path} may not be executed here (${cause.code})`,
        fix: `Look for noexec in what is mounted there, and at: ls -ld ${it}`,
      };
    default: {
      const { kind }: { readonly kind: string } = cause satisfies never;
      return { found: `${path}: ${kind}`, fix: 'See docs/journal.md' };
    }
  }
}

/** An interpreter that another user can replace, as a clause about its hook; and a sentence with the fix. */
export function describeExposed({ program, path, cause }: ExposedInterpreter): RefusalWords {
  const { found, fix } = describeRefusal({ path, cause });
  const isForOthers = isHome(path) || (cause.kind === 'writable' && cause.sticky);
  return {
    found: `another user can replace what runs it, ${printableText(program)}: ${found}`,
    fix: isForOthers ? 'Name another interpreter on its first line, as one in /usr/bin' : fix,
  };
}

/** The same for a whole folder, as the reason why the listener does not start. */
export function describeFolderRefusal(folder: string, refusal: Refusal): { message: string; fix: string } {
  const { found, fix } = describeRefusal(refusal);
  const message = `Will not run hooks from ${folder}: ${found}`;
  if (refusal.cause.kind === 'not-a-folder' && refusal.path === folder)
    return { message, fix: 'Give the folder that holds on_start and on_stop' };
  // Not where a link leads to that is missing: that one only its owner can make sense of.
  const isOnTheWay = `${folder}/`.startsWith(`${refusal.path}/`);
  if (refusal.cause.kind !== 'missing' || !isOnTheWay) return { message, fix };
  return { message, fix: `Run: mkdir -p ${quote(`${folder}/on_start`)} ${quote(`${folder}/on_stop`)}` };
}
