import { userInfo } from 'node:os';
import { defaultEndpoint } from '../config/endpoint.ts';
import type { Record } from '../daemon/record.ts';
import type { HookRefusalCause, LeftOut } from '../hooks/admit.ts';
import { groupSetter } from '../hooks/command.ts';
import type { EndReason, Outcome } from '../hooks/run.ts';
import type { Reason, Transition } from '../lifecycle/transition.ts';
import { printable } from '../system/printable.ts';
import type { Refusal, RefusalCause } from '../system/trust.ts';
import { quote } from './quote.ts';

/** How much a line matters: errors and warnings are said with `--quiet` too, details only with `--verbose`. */
export type Level = 'error' | 'warning' | 'info' | 'detail';

export interface Words {
  readonly level: Level;
  readonly text: string;
}

/** What happened, for a person: the thing, what was found, and what mends it. The only place that words records. */
export function describe(record: Record): Words {
  switch (record.kind) {
    case 'listener-started':
      return info(
        `docker-lifecycle-listener ${record.version} started: pid ${record.pid}, hooks in ${record.scriptDir}`,
      );
    case 'listener-ending':
      return info(`${record.signal} received: ending`);
    case 'listener-ended':
      return info('Ended');
    case 'engine-is-down':
      return info(`Docker is not running at ${record.url}: waiting for it`);
    case 'transition':
      return info(describeTransition(record.transition));
    case 'hint-taken':
      return info(describeHint(record.said, record.engineIsUp));
    case 'notifier-trusted':
      return warning(
        `--trust-notifier: whoever reaches port ${record.port} can have the hooks run. Keep it closed to others`,
      );
    case 'access-list':
      return warning(
        `${record.folder} has an access control list: make sure that it lets nobody else write, ` +
          `now or in files to come. See: getfacl ${quote(record.folder)}`,
      );

    case 'hooks-not-wanted':
      return info(
        `on_${record.transition.event} is not run: it was so before the listener started (--when-started ${record.whenStarted})`,
      );
    case 'memory-unreadable':
      return warning(`Cannot read ${record.path}: ${record.error}. Starting as if for the first time`);
    case 'memory-not-kept':
      return error(
        `Cannot write ${record.path}: ${record.error}. If the listener ends now, it will not know what it has told. ` +
          'Make room there, or give another folder with --state-dir',
      );
    case 'memory-kept-again':
      return info(`${record.path} can be written again`);
    case 'state-refused': {
      const { found, cure } = describeRefusal(record.refusal);
      return error(`Remembering nothing in ${record.folder}: ${found}. ${cure}`);
    }

    case 'engine-watched':
      return info(describeWatched(record));
    case 'engine-not-reached':
      return warning(`Cannot reach ${record.url}: ${record.error} (${record.code}). Trying on`);
    case 'engine-silent':
      return info(`Docker at ${record.url} does not answer yet: waiting for it`);
    case 'engine-answers-badly':
      return warning(
        `${record.url} answers with status ${record.status} instead of 200: not taken for a running Docker`,
      );
    case 'engine-forbidden':
      return warning(
        `May not open ${record.path}. Run as root, or join its group: sudo usermod -aG docker ${quote(userInfo().username)}`,
      );
    case 'engine-socket-removed':
      return warning(
        `${record.path} was removed while Docker runs: nobody can reach it there. Mend it with: systemctl restart docker`,
      );
    case 'engine-left-alone':
      return describeLeftAlone(record);
    case 'watch-degraded':
      return warning(
        `Cannot watch ${record.folder} (${record.error}): looking there every 2 s instead. ` +
          'Raise fs.inotify.max_user_instances and max_user_watches with sysctl',
      );

    case 'notifier-listening':
      return info(`Listening for notifiers on ${addressAndPort(record.address, record.port)}`);
    case 'notifier-not-listening':
      return warning(`Not listening on ${addressAndPort(record.address, record.port)}: ${record.error}`);
    case 'notifier-said':
      return detail(`${record.from} says ${record.said}`);
    case 'notifier-refused':
      return warning(
        `Refused from ${record.from}: "${printable(record.bytes, 80)}"${record.tooLong ? ', a line without end' : ''}. ` +
          'Only start and stop are understood',
      );
    case 'notifier-silent':
      return detail(`${record.from} said nothing: dropped`);
    case 'notifier-flooded':
      return warning(`${record.count} more messages came to the notifier's port than are shown here`);
    case 'notifier-held':
      return info(`A notifier at ${record.from} keeps its connection open`);
    case 'notifier-gone':
      return info(`The notifier at ${record.from} is gone without a word: looking whether Docker is`);

    case 'hooks-found':
      return info(
        record.count === 0
          ? `No hooks in ${record.folder}`
          : `Running ${plural(record.count, 'hook')} in ${record.folder}`,
      );
    case 'hooks-done':
      return describeDone(record);
    case 'hooks-overtaken':
      return info('Docker has stopped again before on_start could begin: left out');
    case 'hooks-dropped':
      return warning(
        `Too many transitions wait for their hooks: left out ${record.dropped.map(label).join(', ')}`,
      );
    case 'folder-missing':
      return info(`There is no folder ${record.folder}: nothing to run at ${record.event}`);
    case 'folder-unreadable':
      return error(`Cannot read ${record.folder} (${record.code}): its hooks do not run`);
    case 'folder-refused': {
      const { found, cure } = describeRefusal(record.refusal);
      return error(`Skipping all of ${record.folder}: ${found}. ${cure}`);
    }
    case 'name-refused':
      return error(`Skipping ${record.hook}: its name is not UTF-8. Rename it`);
    case 'hook-refused': {
      const { found, cure } = describeRefusal(record.admission);
      return error(`Skipping ${record.hook}: ${found}. ${cure}`);
    }
    case 'hook-left-out':
      return describeLeftOut(record.hook, record.why);
    case 'hook-linked':
      return warning(
        `${record.hook} has ${record.hardLinks} names (hard links): whoever can change another of them changes it`,
      );
    case 'hook-started':
      return detail(`${record.hook} started`);
    case 'hook-output':
      return info(`${record.hook}: ${printable(record.line)}`);
    case 'hook-output-omitted':
      return warning(`${record.hook} prints faster than a log can take: left out ${bytes(record.bytes)}`);
    case 'hook-left-over':
      return warning(
        `${record.hook} still runs from before the listener was killed (pid ${record.pid}): ending it`,
      );
    case 'chain-stopped':
      return warning(`${record.hook} did not succeed: what comes after it is left out`);
    case 'hook-restarts':
      return warning(
        `${record.hook} is to run while Docker does, and has ended: starting it again in ${seconds(record.afterMs)}`,
      );
    case 'hook-running':
      return warning(`${record.hook} has been running for ${seconds(record.forMs)}; the hooks after it wait`);
    case 'hook-ended':
      return describeEnd(record.hook, record.outcome, record.durationMs);

    case 'journal-refused': {
      const { found, cure } = describeRefusal(record.refusal);
      return error(`Keeping no journal in ${record.folder}: ${found}. ${cure}`);
    }
    case 'journal-in-use':
      return warning(
        `Keeping no journal in ${record.folder}: another listener writes there, pid ${record.pid}`,
      );
    case 'journal-failing':
      return warning(`Cannot write the journal in ${record.folder} (${record.code}): trying again`);
    case 'journal-removed':
      return warning(`${record.file} was removed or replaced: beginning another one`);
    case 'journal-recovered':
      return info(
        `The journal in ${record.folder} is written again` +
          (record.lost === 0 ? '' : `; lost ${plural(record.lost, 'record')}`),
      );
    case 'journal-torn':
      return warning(
        `${record.file} has ${plural(record.lines, 'line')} that a crash or a full disk cut off`,
      );
    default:
      return record satisfies never;
  }
}

/** A refusal in words: what was found, and a sentence with the command that mends it. */
export function describeRefusal({ path, cause }: { path: string; cause: RefusalCause | HookRefusalCause }): {
  found: string;
  cure: string;
} {
  const it = quote(path);
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
        cure: `Run: chown -h ${owner} ${it}`,
      };
    }
    case 'writable':
      return describeWritable(path, cause);
    case 'set-id':
      return { found: `${path} has a set-ID bit (mode ${octal(cause.mode)})`, cure: `Run: chmod ug-s ${it}` };
    case 'not-a-folder':
      return { found: `${path} is no folder`, cure: 'Give the folder that holds on_start and on_stop' };
    case 'not-a-file':
      return { found: `${path} is no regular file`, cure: `See: ls -ld ${it}` };
    case 'too-many-links':
      return { found: `${path} is a link that leads in circles`, cure: `See: ls -ld ${it}` };
    case 'dangling':
      return { found: `it is a link to ${path}, which does not exist`, cure: 'Remove or mend the link' };
    case 'no-interpreter':
      return { found: `${path} does not say what runs it`, cure: 'Make its first line: #!/bin/sh' };
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
    case 'not-executable':
      return {
        found: `${path} may not be executed here (${cause.code})`,
        cure: `Look for noexec in what is mounted there, and at: ls -ld ${it}`,
      };
    default:
      return cause satisfies never;
  }
}

/** The same for a whole folder, as the reason why the listener does not start. */
export function describeFolderRefusal(folder: string, refusal: Refusal): { message: string; cure: string } {
  const { found, cure } = describeRefusal(refusal);
  const message = `Will not run hooks from ${folder}: ${found}`;
  // Not where a link leads to that is missing: that one only its owner can make sense of.
  const isOnTheWay = `${folder}/`.startsWith(`${refusal.path}/`);
  if (refusal.cause.kind !== 'missing' || !isOnTheWay) return { message, cure };
  return { message, cure: `Run: mkdir -p ${quote(`${folder}/on_start`)} ${quote(`${folder}/on_stop`)}` };
}

function describeWritable(path: string, cause: Extract<RefusalCause, { kind: 'writable' }>) {
  const group = (cause.mode & 0o020) !== 0;
  const others = (cause.mode & 0o002) !== 0;
  const who = [...(group ? [`group ${cause.gid}`] : []), ...(others ? ['everybody'] : [])].join(' and ');
  const found = `${path} is writable by ${who} (mode ${octal(cause.mode)})`;
  if (cause.sticky)
    return { found, cure: 'Its sticky bit is no protection: keep hooks elsewhere, as in /etc' };
  const bits = `${group ? 'g' : ''}${others ? 'o' : ''}`;
  return { found, cure: `Run: chmod ${bits}-w ${quote(path)}` };
}

function describeTransition({ event, reason, source, run }: Transition): string {
  const pid = /^(\d+)@/.exec(run ?? '')?.[1];
  const which = pid === undefined ? '' : ` (pid ${pid})`;
  const said = source === 'notifier' ? ', says the notifier' : '';
  if (event === 'start') {
    return reason === 'listener-started'
      ? `Docker is up already${which}${said}`
      : `Docker has started${which}${said}`;
  }
  return `Docker ${endings[reason]}${which}${said}`;
}

const endings: { readonly [reason in Reason]: string } = {
  'listener-started': 'has stopped while the listener was not running',
  'engine-started': 'stops',
  shutdown: 'is stopping',
  crash: 'has crashed or was killed',
  unreachable: 'does not answer any more',
  unseen: 'was restarted in the meantime',
};

function describeWatched({ url, pidfile, chosenBy }: Extract<Record, { kind: 'engine-watched' }>): string {
  const found = chosenBy === 'found' ? `, for nothing is at ${defaultEndpoint.path}` : '';
  const by = chosenBy === 'default' || chosenBy === 'found' ? found : ` (${chosenBy})`;
  return `Watching Docker at ${url}${by}${pidfile === undefined ? '' : `, pid file ${pidfile}`}`;
}

function describeHint(message: 'start' | 'stop', engineIsUp: boolean): string {
  if (message === 'start') {
    return engineIsUp
      ? 'A notifier says start: Docker is known to be up, nothing to do'
      : 'A notifier says start: looking whether Docker is there';
  }
  return engineIsUp
    ? 'A notifier says stop: asking Docker, which decides'
    : 'A notifier says stop: Docker is known to be down, nothing to do';
}

function describeLeftAlone(record: Extract<Record, { kind: 'engine-left-alone' }>): Words {
  if (record.holder === 'systemd') {
    return detail(
      `${record.path} is held by systemd and would start Docker: not opened while Docker is down`,
    );
  }
  const pidfile =
    record.pidfile === undefined ? 'no pid file is known' : `${record.pidfile} names no running process`;
  return warning(
    `Cannot tell who listens on ${record.path}, and ${pidfile}: not opened, for it might start Docker. ` +
      'Run as root, or give --pidfile',
  );
}

function describeLeftOut(hook: string, why: LeftOut): Words {
  switch (why) {
    case 'masked':
      return detail(`${hook} is masked by a link to /dev/null`);
    case 'switched-off':
      return info(`${hook} is not executable: left out (chmod +x to switch it on)`);
    case 'folder':
      return detail(`${hook} is a folder: left out`);
    case 'gone':
      return detail(`${hook} was removed before its turn`);
    default:
      return why satisfies never;
  }
}

function describeDone(record: Extract<Record, { kind: 'hooks-done' }>): Words {
  const { transition, ran, failed, durationMs } = record;
  const text = `on_${transition.event} done: ${plural(ran, 'hook')} run in ${seconds(durationMs)}`;
  return failed === 0 ? info(text) : warning(`${text}, ${failed} failed`);
}

function describeEnd(hook: string, outcome: Outcome, durationMs: number): Words {
  const after = `after ${seconds(durationMs)}`;
  switch (outcome.kind) {
    case 'exited':
      return outcome.code === 0
        ? detail(`${hook} succeeded ${after}`)
        : error(`${hook} failed with exit code ${outcome.code} ${after}`);
    case 'killed':
      return error(`${hook} was ended by ${outcome.signal} ${after}`);
    case 'ended':
      return describeEnding(hook, outcome, after);
    case 'not-started':
      return error(
        outcome.program === groupSetter && outcome.code === 'ENOENT'
          ? `${hook} could not be started: ${groupSetter} sets its user's groups, and is missing. Install util-linux`
          : `${hook} could not be started (${outcome.code})`,
      );
    default:
      return outcome satisfies never;
  }
}

const endReasons: { readonly [why in EndReason]: string } = {
  timeout: 'it took too long',
  'engine-stops': 'Docker stops',
  'listener-ends': 'the listener ends',
};

function describeEnding(
  hook: string,
  { why, how }: Extract<Outcome, { kind: 'ended' }>,
  after: string,
): Words {
  const reason = `${after}, for ${endReasons[why]}`;
  switch (how) {
    case 'terminated': {
      const text = `${hook} was ended ${reason}`;
      return why === 'timeout' ? error(text) : info(text);
    }
    case 'killed':
      return error(`${hook} took no notice of SIGTERM and was killed ${reason}`);
    case 'given-up':
      return error(
        `${hook} could not even be killed, and was given up ${reason}: the kernel holds it, as over a file system that hangs`,
      );
    default:
      return how satisfies never;
  }
}

function label({ event, sequence }: Transition): string {
  return `on_${event} (${sequence})`;
}

function addressAndPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function seconds(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  return milliseconds < 120_000
    ? `${(milliseconds / 1000).toFixed(1)} s`
    : `${Math.round(milliseconds / 60_000)} min`;
}

function bytes(count: number): string {
  return count < 1_000_000 ? `${Math.ceil(count / 1000)} kB` : `${Math.round(count / 1_000_000)} MB`;
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

const error = (text: string): Words => ({ level: 'error', text });
const warning = (text: string): Words => ({ level: 'warning', text });
const info = (text: string): Words => ({ level: 'info', text });
const detail = (text: string): Words => ({ level: 'detail', text });
