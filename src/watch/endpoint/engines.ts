import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { exitCode, UserError } from '../../system/user-error.ts';
import type { EngineSettings } from '../settings.ts';
import { contextEndpoint, currentContext, dockerConfigFolder } from './contexts.ts';
import {
  defaultContext,
  defaultEndpoint,
  type Endpoint,
  parseEndpoint,
  type TlsFiles,
  tlsFileNames,
  unixEndpoint,
} from './endpoint.ts';
import { isRootsOwn, requireRootsOwn } from './roots-own.ts';
import type { UserEnvironment } from './user-environment.ts';

/** The engines that the user asked for. */
interface EngineRequest {
  readonly hosts: readonly Requested[];
  readonly contexts: readonly Requested[];
  /** An absolute path, or `none` for an engine whose pid file cannot be seen from here. */
  readonly pidfile: string | undefined;
}

/** An endpoint or a context's name, and its origin for errors: the flag, or the file's line. */
interface Requested {
  readonly value: string;
  readonly from: string;
}

/**
 * Returns the engines to watch, in Docker's own order of precedence (cli/command/cli.go, resolveContextName):
 * `--host` and `--context`, `DOCKER_HOST`, `DOCKER_CONTEXT`, `currentContext` in the CLI's `config.json`,
 * Docker's default socket. Beyond Docker's rules: flags repeat, one engine each; and without any of them, and with
 * nothing at the default socket, the first socket of a known product that exists. Root uses no file and no socket that
 * another user could have put there.
 * @throws UserError with exit code 64 or 78 for a value that is malformed or does not exist
 * @throws FileRefused as root, for a file of Docker's CLI that another user could have written
 */
export function chooseEngines(request: EngineRequest, user: UserEnvironment): EngineSettings[] {
  const named = [
    ...request.contexts.map(({ value, from }) => fromContext(value, user, from)),
    ...request.hosts.map(({ value, from }) => fromHost(value, from, user)),
  ];
  const chosen = named.length > 0 ? named : [byEnvironment(user)];
  if (user.isRoot) for (const { endpoint } of chosen) requireRootsTls(endpoint);
  if (request.pidfile !== undefined && chosen.length > 1) {
    throw new UserError(
      exitCode.usage,
      '--pidfile belongs to one engine, but several are given',
      'Leave it out, or run one listener for each',
    );
  }
  const engines = chosen.map((choice) => withPidfile(choice, request.pidfile, user));
  for (const [index, engine] of engines.entries()) {
    const twin = engines
      .slice(0, index)
      .find(({ name, endpoint }) => name === engine.name || endpoint.url === engine.endpoint.url);
    if (twin !== undefined) {
      throw new UserError(
        exitCode.usage,
        `The engine at ${engine.endpoint.url} is given twice`,
        'Give each engine once',
      );
    }
  }
  return engines;
}

type Choice = Pick<EngineSettings, 'name' | 'endpoint' | 'chosenBy'>;

function fromContext(name: string, user: UserEnvironment, chosenBy: string): Choice {
  const { environment } = user;
  // Docker's `default` context is the engine without any context.
  if (name === defaultContext && environment.DOCKER_HOST) {
    return fromHost(environment.DOCKER_HOST, 'DOCKER_HOST', user);
  }
  const endpoint = contextEndpoint(name, user);
  return { name, endpoint, chosenBy };
}

function fromHost(host: string, chosenBy: string, user: UserEnvironment): Choice {
  const endpoint = parseEndpoint(host, chosenBy, tlsByEnvironment(user));
  return { name: nameOf(endpoint), endpoint, chosenBy };
}

function byEnvironment(user: UserEnvironment): Choice {
  const { environment } = user;
  if (environment.DOCKER_HOST) return fromHost(environment.DOCKER_HOST, 'DOCKER_HOST', user);
  if (environment.DOCKER_CONTEXT) return fromContext(environment.DOCKER_CONTEXT, user, 'DOCKER_CONTEXT');
  const current = currentContext(user);
  if (current !== undefined && current !== defaultContext) {
    return fromContext(current, user, 'docker context use');
  }
  return bySocket(user);
}

function bySocket(user: UserEnvironment): Choice {
  const { environment, home, platform } = user;
  const known = existsSync(defaultEndpoint.path)
    ? undefined
    : followedSocket(knownSockets(home, environment, platform), user);
  if (known === undefined) return { name: defaultContext, endpoint: defaultEndpoint, chosenBy: 'default' };
  const endpoint = unixEndpoint(known);
  return { name: nameOf(endpoint), endpoint, chosenBy: 'found' };
}

/** Returns the first of these sockets that exists; for root the first that another user could not have put there. */
export function followedSocket(
  paths: readonly string[],
  { isRoot }: Pick<UserEnvironment, 'isRoot'>,
): string | undefined {
  return paths.find((path) => existsSync(path) && (!isRoot || isRootsOwn(dirname(path))));
}

/** `DOCKER_TLS_VERIFY` and `DOCKER_TLS` ask for TLS on `tcp://`, with the files in `DOCKER_CERT_PATH`. */
function tlsByEnvironment(user: UserEnvironment): TlsFiles | undefined {
  const { environment } = user;
  const verify = Boolean(environment.DOCKER_TLS_VERIFY);
  if (!verify && !environment.DOCKER_TLS) return undefined;
  const folder = resolve(environment.DOCKER_CERT_PATH || dockerConfigFolder(user));
  return { folder, verify };
}

function requireRootsTls(endpoint: Endpoint): void {
  if (endpoint.kind !== 'tcp' || endpoint.tls === undefined) return;
  for (const name of tlsFileNames) requireRootsOwn('tls', join(endpoint.tls.folder, name));
}

function nameOf(endpoint: Endpoint): string {
  return endpoint.url === defaultEndpoint.url ? defaultContext : endpoint.url;
}

function withPidfile(
  choice: Choice,
  given: string | undefined,
  { environment, platform }: UserEnvironment,
): EngineSettings {
  const pidfile = given === undefined ? defaultPidfile(choice.endpoint, environment, platform) : given;
  return { ...choice, pidfile: pidfile === 'none' ? undefined : pidfile };
}

/**
 * Returns the default pid file of the engine at an endpoint: a fixed place for Docker's default socket (dockerd's
 * `--pidfile`), beside the socket for a rootless one, also for root and any other user who watches it, and none for any
 * other. On macOS the engine's process is in a virtual machine.
 */
function defaultPidfile(
  endpoint: Endpoint,
  environment: NodeJS.ProcessEnv,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  if (platform !== 'linux' || endpoint.kind !== 'unix') return undefined;
  if (endpoint.path === defaultEndpoint.path || endpoint.path === '/run/docker.sock')
    return '/var/run/docker.pid';
  const runtime = environment.XDG_RUNTIME_DIR;
  const isRootless =
    /^(\/var)?\/run\/user\/\d+\/docker\.sock$/.test(endpoint.path) ||
    (runtime !== undefined && endpoint.path === join(runtime, 'docker.sock'));
  return isRootless ? join(dirname(endpoint.path), 'docker.pid') : undefined;
}

/**
 * Returns the sockets of products that do not use Docker's default place, in the order in which they are tried: rootless Docker, Docker Desktop, OrbStack, Colima (profile `default` first), Rancher
 * Desktop, Podman.
 * @param hasDocker dockerd is installed here: then Podman is not the engine that is meant, though its socket exists at boot
 *   before Docker's does
 */
export function knownSockets(
  home: string,
  environment: NodeJS.ProcessEnv,
  platform: NodeJS.Platform = process.platform,
  hasDocker = isDockerdIn([...(environment.PATH ?? '').split(':'), ...programFolders]),
): string[] {
  const runtime = environment.XDG_RUNTIME_DIR;
  const desktop = platform === 'darwin' ? '.docker/run/docker.sock' : '.docker/desktop/docker.sock';
  return [
    ...(platform === 'linux' && runtime ? [join(runtime, 'docker.sock')] : []),
    join(home, desktop),
    ...(platform === 'darwin' ? [join(home, '.orbstack/run/docker.sock')] : []),
    ...colimaProfiles(home).map((profile) => join(home, '.colima', profile, 'docker.sock')),
    join(home, '.rd/docker.sock'),
    ...(platform === 'linux' && !hasDocker ? podmanSockets(runtime) : []),
  ];
}

/** Debian has dockerd in one that is not on a user's PATH. */
const programFolders = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/snap/bin'];

/** The snap of Docker names its programs after itself. */
const daemonNames = ['dockerd', 'docker.dockerd'];

function isDockerdIn(folders: readonly string[]): boolean {
  return folders.some(
    (folder) => folder.startsWith('/') && daemonNames.some((name) => existsSync(join(folder, name))),
  );
}

function podmanSockets(runtime: string | undefined): string[] {
  return [...(runtime ? [join(runtime, 'podman/podman.sock')] : []), '/run/podman/podman.sock'];
}

function colimaProfiles(home: string): string[] {
  let others: string[] = [];
  try {
    others = readdirSync(join(home, '.colima')).filter((name) => !/^[._]/.test(name) && name !== 'default');
  } catch {
    // No Colima here.
  }
  return ['default', ...others.sort()];
}
