import { pidfileOf } from './docker-pidfile.ts';
import { type Layout, productName, serviceUnit, unwantedVariables } from './layout.ts';
import type { ServiceOptions } from './manifest.ts';
import { controlSocketInShell, type Scope, stateFolder, systemctl, systemScope } from './scope.ts';

/** Seconds that `docker-lifecycle-companion` may exceed its limit before systemd ends it. */
const margin = 3;

/**
 * The unit that runs the listener.
 *
 * It does not name Docker's unit, so neither waits for, starts or stops the other: with
 * `Before=docker.service` a slow listener would delay Docker's start. At a shutdown of the host the companion
 * waits for on_stop.
 * @param notifies true if the system has `systemd-notify`, which reports readiness
 */
export function serviceUnitText(
  layout: Layout,
  service: ServiceOptions,
  notifies: boolean,
  scope: Scope = systemScope,
): string {
  const words = [layout.node, layout.program, ...listenerWords(service, scope)];
  const reload = [layout.node, layout.program, 'reload'];
  const isUsers = scope.kind === 'user';
  return `# Change it with: systemctl ${isUsers ? '--user ' : ''}edit ${productName}; what is changed in this file misses what is new later.
[Unit]
Description=Runs hooks when Docker starts and stops
Documentation=man:${productName}(1)
StartLimitIntervalSec=60
StartLimitBurst=10

[Service]
${notifies ? `# Ready when its sensors watch.\nType=notify\nNotifyAccess=${isUsers ? 'all' : 'main'}` : 'Type=exec'}
ExecStart=${words.map(systemdWord).join(' ')}
# SIGHUP ends the listener, as it always has: the settings are read again on request.
ExecReload=${reload.map(systemdWord).join(' ')}
${isUsers ? rootless : ''}UnsetEnvironment=${unwantedVariables.join(' ')}
${isUsers ? '' : `StateDirectory=${productName}\n`}RuntimeDirectory=${productName}
RuntimeDirectoryMode=0700
# journalctl -t ${productName} -p warning
SyslogIdentifier=${productName}
# A signal from elsewhere (a hook's kill or pkill) is no reason to stay down: only systemctl stop is.
Restart=always
RestartSec=2
# Wrong usage, unsafe folders, wrong settings: trying again mends none of them.
RestartPreventExitStatus=64 77 78
# The listener ends its hooks itself, with their grace; what they left in the background on purpose stays.
KillMode=process
TimeoutStopSec=60
# No options that confine it: they would reach the hooks, which are its children.
# Environment= and EnvironmentFile= do not reach the hooks: give environment or environment_file in the settings.

[Install]
WantedBy=${isUsers ? 'default' : 'multi-user'}.target
`;
}

/** In a user's manager: the Docker of that user, wherever sockets are. %t is XDG_RUNTIME_DIR (systemd.unit(5)). */
const rootless = 'Environment=DOCKER_HOST=unix://%t/docker.sock\n';

/** The listener's command line, without what runs it. */
function listenerWords({ scriptDir, port, dockerUnit }: ServiceOptions, scope: Scope): string[] {
  const pidfile = pidfileOf(dockerUnit);
  return [
    'run',
    scriptDir,
    ...(port === undefined ? [] : [String(port)]),
    ...(pidfile === undefined ? [] : ['--pidfile', pidfile]),
    // A rootless container does not reach the host's own addresses: without a port that was asked for, none is open.
    ...(scope.kind === 'user' && port === undefined ? ['--no-notifier'] : []),
    // Older systemds have a user's StateDirectory among the settings.
    ...(scope.kind === 'user' ? ['--state-dir', stateFolder('linux', scope)] : []),
    ...['--when-started', 'new'],
  ];
}

/**
 * The unit that has on_stop run before Docker stops: systemd stops what is ordered after Docker first, and waits.
 *
 * `Requisite` with `PartOf` rather than `BindsTo`: started by itself while Docker is down it fails, where with
 * `BindsTo` it would start Docker. There is no ExecStart, so that none can fail, and ExecStop is always run.
 * The dash in front of that makes every failure none.
 *
 * A user's manager has no units for mounts of the network; at shutdown it is stopped before they are.
 */
export function companionUnitText(
  layout: Layout,
  { scriptDir, dockerUnit, stopWait }: ServiceOptions,
  scope: Scope = systemScope,
): string {
  const user = scope.kind === 'user' ? ['--user'] : [];
  const tell = [layout.node, layout.program, 'companion', 'stop', dockerUnit, `${stopWait}s`, ...user];
  const script = announceIfNeeded(stopWait > 0, scope);
  return `# Change it with: systemctl ${[...user, 'edit'].join(' ')} docker-lifecycle-companion
[Unit]
Description=Has on_stop hooks run before Docker stops
Documentation=man:${productName}(1)
Requisite=${dockerUnit}
PartOf=${dockerUnit}
After=${dockerUnit} ${serviceUnit}
${user.length > 0 ? '' : afterMounts}# It comes and goes with Docker, as often as that does.
StartLimitIntervalSec=0

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStop=-/bin/sh -c ${[script, scriptDir, ...tell].map(systemdWord).join(' ')}
${stopWait > 0 ? '' : '# What tells the listener goes on while Docker stops.\nKillMode=process\n'}UnsetEnvironment=${unwantedVariables.join(' ')}
# Docker stops at the latest then, whatever became of the above.
TimeoutStopSec=${stopWait + margin}
SyslogIdentifier=docker-lifecycle-companion

[Install]
WantedBy=${dockerUnit}
`;
}

/**
 * Orders the companion's stop, and so on_stop, before systemd unmounts file systems of the network (`_netdev`). Without
 * `Wants=`: the companion starts none of these. At boot the companion waits for them, and Docker does not wait for the
 * companion.
 */
const afterMounts = `# At shutdown on_stop runs before file systems of the network are unmounted.
After=remote-fs.target network-online.target
`;

/**
 * Starts the command that announces the stop (`$@`) where a listener runs, or is being restarted, and the script folder
 * (`$0`) has hooks to run or to end before Docker stops. A shell finds that out in a few milliseconds, and a Node that
 * announces takes a hundred: without hooks Docker must not wait for it.
 * @param waits whether Docker waits for the command; else it runs in the background
 */
function announceIfNeeded(waits: boolean, scope: Scope): string {
  const tell = waits ? 'exec "$@"' : '{ "$@" & exit 0; }';
  const state = [...systemctl(scope), 'show', '--property=ActiveState', serviceUnit].join(' ');
  return (
    `[ -S "${controlSocketInShell(scope)}" ] || case $(${state}) in *=activating) ;; *) exit 0 ;; esac; ` +
    `for hook in "$0"/on_stop/* "$0"/while_running/*; do [ -e "$hook" ] && ${tell}; done; exit 0`
  );
}

/**
 * Returns whether systemd runs a program at that path: it refuses quotes and backslashes in it, and reads a doubled dollar sign
 * as two, though as one in all other words (seen with systemd 252).
 */
export function canBeRun(path: string): boolean {
  return !/["'\\$\p{Cc}]/u.test(path);
}

/** A word of an ExecStart line as systemd takes it (systemd.service(5), "Command lines"). */
export function systemdWord(word: string): string {
  const plain = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
  if (/^[\w@%+=:,./$-]+$/.test(plain)) return plain;
  const escaped = plain.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return `"${escaped}"`;
}
