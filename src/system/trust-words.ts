import { printableText } from './printable.ts';
import { quote } from './shell-quote.ts';
import type { Refusal, RefusalCause } from './trust.ts';

/** A refusal in words. */
export interface RefusalWords {
  /** The thing, and what was found. */
  readonly found: string;
  /** A sentence with the command that fixes it. */
  readonly fix: string;
}

/** Returns a refusal of the trust walk in words. */
export function describeTrustRefusal(refusal: Refusal): RefusalWords {
  const { cause } = refusal;
  const it = quote(refusal.path);
  // A name may hold what a terminal obeys.
  const path = printableText(refusal.path);
  switch (cause.kind) {
    case 'missing':
      return { found: `${path} does not exist`, fix: `Run: mkdir -p ${it}` };
    case 'unreadable':
      return { found: `${path} cannot be read (${cause.code})`, fix: `See: ls -ld ${it}` };
    case 'owner': {
      const whom = cause.trusted === 0 ? 'root' : `root or user ${cause.trusted}`;
      const owner = cause.trusted === 0 ? 'root' : `${cause.trusted}`;
      return {
        found: `${path} is owned by user ${cause.uid}, not by ${whom}`,
        // Another owner is not a fix for a home.
        fix: isHome(path) ? `That is a user’s home: ${elsewhere}` : `Run: chown -h ${owner} ${it}`,
      };
    }
    case 'writable':
      return describeWritable(path, it, cause);
    case 'set-id':
      return { found: `${path} has a set-ID bit (mode ${octal(cause.mode)})`, fix: `Run: chmod ug-s ${it}` };
    case 'user-mount':
      return {
        found: `${path} is a file system that ${cause.mounter === undefined ? 'another user' : `user ${cause.mounter}`} has mounted (FUSE): they decide what it shows`,
        fix: `Run: umount ${it}`,
      };
    case 'not-a-folder':
      return { found: `${path} is no folder`, fix: `See: ls -ld ${it}` };
    case 'not-a-file':
      return { found: `${path} is no regular file`, fix: `See: ls -ld ${it}` };
    case 'too-many-links':
      return { found: `${path} is a link that leads in circles`, fix: `See: ls -ld ${it}` };
    default:
      return cause satisfies never;
  }
}

const elsewhere = 'use a folder elsewhere that no other user may write to, as below /etc';

/** Returns whether a folder is a user's home. */
export function isHome(path: string): boolean {
  return /^\/(home|Users)\/[^/]+$/.test(path);
}

function describeWritable(path: string, it: string, cause: Extract<RefusalCause, { kind: 'writable' }>) {
  const group = (cause.mode & 0o020) !== 0;
  const others = (cause.mode & 0o002) !== 0;
  const who = [...(group ? [`group ${cause.gid}`] : []), ...(others ? ['everybody'] : [])].join(' and ');
  const found = `${path} is writable by ${who} (mode ${octal(cause.mode)})`;
  if (cause.sticky) return { found, fix: `Its sticky bit is no protection: ${elsewhere}` };
  const bits = `${group ? 'g' : ''}${others ? 'o' : ''}`;
  return { found, fix: `Run: chmod ${bits}-w ${it}` };
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
