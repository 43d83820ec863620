import { userInfo } from 'node:os';
import { quote } from '../system/shell-quote.ts';
import { describeFileProblem } from '../system/small-file.ts';
import { describeTrustRefusal } from '../system/trust-words.ts';
import { exitCode, UserError } from '../system/user-error.ts';
import { detail, info, type Words, type WordsFor, warning } from '../system/words.ts';
import { defaultEndpoint, isPodmanSocket, systemctlCommand } from './endpoint/endpoint.ts';
import type { FileRefused, RootsFile } from './endpoint/roots-own.ts';
import type { EngineReport, SensorReport } from './engine/report.ts';

/** Words for what a sensor reports. */
export const sensorWords: WordsFor<SensorReport> = {
  // The line about its state follows: of a Docker at its usual place that is the one line about it.
  'engine-watched': (record) =>
    record.chosenBy === 'default' ? detail(describeWatched(record)) : info(describeWatched(record)),
  'engine-not-reached': (record) =>
    warning(`Cannot reach ${record.url}: ${record.error} (${record.code}). Retrying`),
  'engine-pidfile-unusable': (record) =>
    warning(
      `Cannot use the pid file: ${describeFileProblem(record.path, record.problem)}. ` +
        `Give the right one with --pidfile, or --pidfile none. See: ls -ldL ${quote(record.path)}`,
    ),
  'engine-silent': (record) =>
    info(`${softwareAt(record.url)} at ${record.url} does not answer yet: waiting for it`),
  'engine-answers-badly': (record) =>
    warning(
      `${record.url} answers with status ${record.status} instead of 200: not taken for a running Docker`,
    ),
  'engine-forbidden': (record) =>
    warning(
      `May not open ${record.path}. Run as root, or join its group: sudo usermod -aG docker ${quote(userInfo().username)}`,
    ),
  'engine-socket-removed': (record) =>
    warning(
      `${record.path} was removed while Docker runs: no process can reach it there. Run: ${systemctlCommand('restart', record.path)}`,
    ),
  'engine-is-podman': ({ url }) =>
    info(
      `${url} is Podman: its service starts and stops, not a daemon. Containers run on without it, and without on_stop`,
    ),
  'engine-let-go': ({ url }) =>
    info(
      `Podman’s service at ${url} ends when it is idle: no connection is held to it, and container events are not read. ` +
        'To keep it, start it as: podman system service --time 0',
    ),
  'engine-held': ({ url, unit }) => {
    const systemctl = userSystemctl(url);
    return info(
      `Podman’s service at ${url} is kept up (podman = "hold"). To stop it, run: ${systemctl} stop ${unit}`,
    );
  },
  'engine-not-held': ({ url, unit }) =>
    warning(
      `Podman’s service at ${url} is not kept up: systemd does not report when ${unit} stops. Asking again. ` +
        `See: ${userSystemctl(url)} status ${unit}`,
    ),
  'engine-left-alone': (record) => describeLeftAlone(record),
  'watch-degraded': (record) =>
    warning(
      `Cannot watch ${record.folder} (${record.error}): looking there every 2 s instead. ` +
        'Raise fs.inotify.max_user_instances and max_user_watches with sysctl',
    ),
};

function describeWatched({
  url,
  pidfile,
  chosenBy,
}: Extract<EngineReport, { kind: 'engine-watched' }>): string {
  const found = chosenBy === 'found' ? `, for nothing is at ${defaultEndpoint.path}` : '';
  const by = chosenBy === 'default' || chosenBy === 'found' ? found : ` (${chosenBy})`;
  return `Watching ${softwareAt(url)} at ${url}${by}${pidfile === undefined ? '' : `, pid file ${pidfile}`}`;
}

function describeLeftAlone(record: Extract<EngineReport, { kind: 'engine-left-alone' }>): Words {
  if (record.holder === 'systemd') {
    if (isPodmanSocket(record.path)) {
      const { found, fix } = describePodmanSocket(record.path);
      return info(`${found}. ${fix}`);
    }
    return detail(
      `${record.path} is held by systemd and would start Docker: not opened while Docker is down`,
    );
  }
  const pidfile =
    record.pidfile === undefined ? 'no pid file is known' : `${record.pidfile} names no running process`;
  return warning(
    `Cannot tell who listens on ${record.path}, and ${pidfile}: not opened, for it might start Docker. ` +
      'Run as root, or say where its pid file is (--pidfile)',
  );
}

/** Returns the name of the software that a socket's name shows. */
export function softwareAt(url: string): string {
  return isPodmanSocket(url) ? 'Podman' : 'Docker';
}

/** Returns `systemctl`, for the manager that holds the socket in a path or URL. */
function userSystemctl(socket: string): string {
  return /\/run\/user\/\d+\//.test(socket) ? 'systemctl --user' : 'systemctl';
}

/** Explains why the service of Podman behind a socket of systemd's is not watched, with the way to have it watched. */
export function describePodmanSocket(path: string): { readonly found: string; readonly fix: string } {
  return {
    found: `${path} is held by systemd, which starts Podman for a connection: not opened, so no hook is run for it`,
    fix: 'To have the listener start Podman’s service and keep it up, set podman = "hold" (--podman hold)',
  };
}

/** Returns what a sensor reports in words. */
export function describeSensorReport(report: SensorReport): Words {
  // The table has one entry a kind, for just that kind.
  return (sensorWords[report.kind] as (report: SensorReport) => Words)(report);
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
export function fileRefusal({ purpose, path, refusal }: FileRefused): UserError {
  const { found, fix } = describeTrustRefusal(refusal);
  const { name, fix: instead } = rootsFiles[purpose];
  return new UserError(
    exitCode.notPermitted,
    `Root does not use ${name} ${path}: ${found}`,
    // Another user's file is not to become root's: root is not meant to use it.
    refusal.cause.kind === 'owner' ? instead : `${fix}. Or: ${instead}`,
  );
}
