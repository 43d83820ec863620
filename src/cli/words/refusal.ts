import type { FileRefused, RootsFile } from '../../config/roots-own.ts';
import type { ExposedInterpreter, HookRefusalCause } from '../../hooks/admit.ts';
import { exitCode, Failure } from '../../system/failure.ts';
import { printableText } from '../../system/printable.ts';
import { quote } from '../../system/shell-quote.ts';
import type { Refusal, RefusalCause } from '../../system/trust.ts';

/** A refusal in words: what was found, and a sentence with the command that mends it. */
export function describeRefusal(refusal: { path: string; cause: RefusalCause | HookRefusalCause }): {
  found: string;
  cure: string;
} {
  const { cause } = refusal;
  const it = quote(refusal.path);
  // A name may hold what a terminal obeys.
  const path = printableText(refusal.path);
  switch (cause.kind) {
    case 'missing':
      return { found: `${path} does not exist`, cure: `Run: mkdir -p ${it}` };
    case 'unreadable':
      return { found: `${path} cannot be read (${cause.code})`, cure: `See: ls -ld ${it}` };
    case 'owner': {
      const whom = cause.trusted === 0 ? 'root' : `root or user ${cause.trusted}`;
      const owner = cause.trusted === 0 ? 'root' : `${cause.trusted}`;
      return {
        found: `${path} is owned by user ${cause.uid}, not by ${whom}`,
        // To be given to somebody else is no cure for a home.
        cure: isHome(path) ? `That is somebody’s home: ${elsewhere}` : `Run: chown -h ${owner} ${it}`,
      };
    }
    case 'writable':
      return describeWritable(path, it, cause);
    case 'set-id':
      return { found: `${path} has a set-ID bit (mode ${octal(cause.mode)})`, cure: `Run: chmod ug-s ${it}` };
    case 'user-mount':
      return {
        found: `${path} is a file system that ${cause.mounter === undefined ? 'another user' : `user ${cause.mounter}`} has mounted (FUSE): they decide what it shows`,
        cure: `Run: umount ${it}`,
      };
    case 'not-a-folder':
      return { found: `${path} is no folder`, cure: `See: ls -ld ${it}` };
    case 'not-a-file':
      return { found: `${path} is no regular file`, cure: `See: ls -ld ${it}` };
    case 'too-many-links':
      return { found: `${path} is a link that leads in circles`, cure: `See: ls -ld ${it}` };
    case 'dangling':
      return { found: `it is a link to ${path}, which does not exist`, cure: 'Remove or mend the link' };
    case 'no-interpreter':
      return { found: `${path} does not say what runs it`, cure: 'Make its first line: #!/bin/sh' };
    case 'byte-order-mark':
      return {
        found: `${path} begins with a byte order mark, so that its first line names no program`,
        cure: `Run: sed -i '1s/^\\xEF\\xBB\\xBF//' ${it}`,
      };
    case 'windows-line-ends':
      return {
        found: `the lines of ${path} end as on Windows, so that its first one names no program`,
        cure: `Run: sed -i 's/\\r$//' ${it}`,
      };
    case 'interpreter':
      return {
        found:
          cause.code === 'ENOENT'
            ? `${cause.program}, the program on its first line, does not exist`
            : `${cause.program}, the program on its first line, cannot be run (${cause.code})`,
        cure: `Install it, or correct the first line of ${it}`,
      };
    case 'unknown-format':
      return {
        found: `${path} is neither a script nor a program of this system`,
        cure: 'Start it from a script',
      };
    case 'capabilities':
      return {
        found: `${path} has file capabilities: more rights than its user`,
        cure: `Run: setcap -r ${it}`,
      };
    case 'not-executable':
      return {
        found: `${path} may not be executed here (${cause.code})`,
        cure: `Look for noexec in what is mounted there, and at: ls -ld ${it}`,
      };
    default:
      return cause satisfies never;
  }
}

/** An interpreter that another user can replace, as a clause about its hook; and a sentence with the fix. */
export function describeExposed({ program, path, cause }: ExposedInterpreter): {
  found: string;
  cure: string;
} {
  const { found, cure } = describeRefusal({ path, cause });
  const isForOthers = isHome(path) || (cause.kind === 'writable' && cause.sticky);
  return {
    found: `another user can replace what runs it, ${printableText(program)}: ${found}`,
    cure: isForOthers ? 'Name another interpreter on its first line, as one in /usr/bin' : cure,
  };
}

const elsewhere = 'take a folder elsewhere that nobody else may write to, as below /etc';

/** Whether a folder is one of those that hold what people have. */
function isHome(path: string): boolean {
  return /^\/(home|Users)\/[^/]+$/.test(path);
}

/** The same for a whole folder, as the reason why the listener does not start. */
export function describeFolderRefusal(folder: string, refusal: Refusal): { message: string; cure: string } {
  const { found, cure } = describeRefusal(refusal);
  const message = `Will not run hooks from ${folder}: ${found}`;
  if (refusal.cause.kind === 'not-a-folder' && refusal.path === folder)
    return { message, cure: 'Give the folder that holds on_start and on_stop' };
  // Not where a link leads to that is missing: that one only its owner can make sense of.
  const isOnTheWay = `${folder}/`.startsWith(`${refusal.path}/`);
  if (refusal.cause.kind !== 'missing' || !isOnTheWay) return { message, cure };
  return { message, cure: `Run: mkdir -p ${quote(`${folder}/on_start`)} ${quote(`${folder}/on_stop`)}` };
}

const rootsFiles: { readonly [purpose in RootsFile]: { readonly name: string; readonly fix: string } } = {
  'docker-config': {
    name: 'Docker’s configuration',
    fix: 'Name the engine instead, as with: --host unix:///var/run/docker.sock. Under sudo, -H has root use its own home',
  },
  tls: {
    name: 'the TLS file',
    fix: 'Copy the TLS files to a folder of root’s, as below /etc, and name that in DOCKER_CERT_PATH',
  },
};

/** Says why root does not use a file of Docker's CLI, as the reason why a command ends. */
export function fileRefusal({ purpose, path, refusal }: FileRefused): Failure {
  const { found, cure } = describeRefusal(refusal);
  const { name, fix } = rootsFiles[purpose];
  return new Failure(
    exitCode.notPermitted,
    `Root does not use ${name} ${path}: ${found}`,
    // Another user's file is not to become root's: root is not meant to use it.
    refusal.cause.kind === 'owner' ? fix : `${cure}. Or: ${fix}`,
  );
}

function describeWritable(path: string, it: string, cause: Extract<RefusalCause, { kind: 'writable' }>) {
  const group = (cause.mode & 0o020) !== 0;
  const others = (cause.mode & 0o002) !== 0;
  const who = [...(group ? [`group ${cause.gid}`] : []), ...(others ? ['everybody'] : [])].join(' and ');
  const found = `${path} is writable by ${who} (mode ${octal(cause.mode)})`;
  if (cause.sticky) return { found, cure: `Its sticky bit is no protection: ${elsewhere}` };
  const bits = `${group ? 'g' : ''}${others ? 'o' : ''}`;
  return { found, cure: `Run: chmod ${bits}-w ${it}` };
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
