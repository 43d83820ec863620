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
import type { Surroundings } from './user-environment.ts';

/** What the user said about which engines to watch. */
interface EngineWishes {
  readonly hosts: readonly Wish[];
  readonly contexts: readonly Wish[];
  /** An absolute path, or `none` for an engine whose pid file cannot be seen from here. */
  readonly pidfile: string | undefined;
}

/** An endpoint or a context's name, and what to name in an error: the flag, or the file's line. */
interface Wish {
  readonly value: string;
  readonly from: string;
}

/**
 * The engines to watch, in Docker's own order of what counts (cli/command/cli.go, resolveContextName):
 * `--host` and `--context`, `DOCKER_HOST`, `DOCKER_CONTEXT`, `currentContext` in the CLI's `config.json`,
 * Docker's default socket. Beyond Docker's rules: flags repeat, one engine each; and where nothing is said
 * and nothing is at the default socket, the first of the known products' sockets that is there. Root follows no file
 * and no socket that another user could have put there.
 * @throws UserError with exit code 64 or 78 for what is malformed or does not exist
 * @throws FileRefused as root, for a file of Docker's CLI that another user could have written
 */
export function chooseEngines(wishes: EngineWishes, surroundings: Surroundings): EngineSettings[] {
  const named = [
    ...wishes.contexts.map(({ value, from }) => fromContext(value, surroundings, from)),
    ...wishes.hosts.map(({ value, from }) => fromHost(value, from, surroundings)),
  ];
  const chosen = named.length > 0 ? named : [byEnvironment(surroundings)];
  if (surroundings.isRoot) for (const { endpoint } of chosen) requireRootsTls(endpoint);
  if (wishes.pidfile !== undefined && chosen.length > 1) {
    throw new UserError(
      exitCode.usage,
      '--pidfile belongs to one engine, but several are given',
      'Leave it out, or run one listener for each',
    );
  }
  const engines = chosen.map((choice) => withPidfile(choice, wishes.pidfile, surroundings));
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

function fromContext(name: string, surroundings: Surroundings, chosenBy: string): Choice {
  const { environment } = surroundings;
  // Docker's `default` context is whatever counts when no context does.
  if (name === defaultContext && environment.DOCKER_HOST) {
    return fromHost(environment.DOCKER_HOST, 'DOCKER_HOST', surroundings);
  }
  const endpoint = contextEndpoint(name, surroundings);
  return { name, endpoint, chosenBy };
}

function fromHost(host: string, chosenBy: string, surroundings: Surroundings): Choice {
  const endpoint = parseEndpoint(host, chosenBy, tlsByEnvironment(surroundings));
  return { name: nameOf(endpoint), endpoint, chosenBy };
}

function byEnvironment(surroundings: Surroundings): Choice {
  const { environment } = surroundings;
  if (environment.DOCKER_HOST) return fromHost(environment.DOCKER_HOST, 'DOCKER_HOST', surroundings);
  if (environment.DOCKER_CONTEXT)
    return fromContext(environment.DOCKER_CONTEXT, surroundings, 'DOCKER_CONTEXT');
  const current = currentContext(surroundings);
  if (current !== undefined && current !== defaultContext) {
    return fromContext(current, surroundings, 'docker context use');
  }
  return bySocket(surroundings);
}

function bySocket(surroundings: Surroundings): Choice {
  const { environment, home, platform } = surroundings;
  const known = existsSync(defaultEndpoint.path)
    ? undefined
    : followedSocket(knownSockets(home, environment, platform), surroundings);
  if (known === undefined) return { name: defaultContext, endpoint: defaultEndpoint, chosenBy: 'default' };
  const endpoint = unixEndpoint(known);
  return { name: nameOf(endpoint), endpoint, chosenBy: 'found' };
}

/** Returns the first of these sockets that is there; for root the first that another user could not have put there. */
export function followedSocket(
  paths: readonly string[],
  { isRoot }: Pick<Surroundings, 'isRoot'>,
): string | undefined {
  return paths.find((path) => existsSync(path) && (!isRoot || isRootsOwn(dirname(path))));
}

/** `DOCKER_TLS_VERIFY` and `DOCKER_TLS` ask for TLS on `tcp://`, with the files in `DOCKER_CERT_PATH`. */
function tlsByEnvironment(surroundings: Surroundings): TlsFiles | undefined {
  const { environment } = surroundings;
  const verify = Boolean(environment.DOCKER_TLS_VERIFY);
  if (!verify && !environment.DOCKER_TLS) return undefined;
  const folder = resolve(environment.DOCKER_CERT_PATH || dockerConfigFolder(surroundings));
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
  wish: string | undefined,
  { environment, platform }: Surroundings,
): EngineSettings {
  const pidfile = wish === undefined ? defaultPidfile(choice.endpoint, environment, platform) : wish;
  return { ...choice, pidfile: pidfile === 'none' ? undefined : pidfile };
}

/**
 * Where the engine at an endpoint writes its pid when nobody says otherwise: a fixed place for Docker's default
 * socket (dockerd's `--pidfile`), beside the socket for a rootless one, and no known place for any other. On
 * macOS the engine's process is in a virtual machine, out of sight.
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
  return runtime && endpoint.path === join(runtime, 'docker.sock')
    ? join(dirname(endpoint.path), 'docker.pid')
    : undefined;
}

/**
 * Where products keep their engine's socket when it is not at Docker's default place, in the order in which
 * they are tried: rootless Docker, Docker Desktop, OrbStack, Colima (profile `default` first), Rancher
 * Desktop. Podman is none of them: its socket's service ends when idle, and is no sign of anything.
 */
export function knownSockets(
  home: string,
  environment: NodeJS.ProcessEnv,
  platform: NodeJS.Platform = process.platform,
): string[] {
  const runtime = environment.XDG_RUNTIME_DIR;
  const desktop = platform === 'darwin' ? '.docker/run/docker.sock' : '.docker/desktop/docker.sock';
  return [
    ...(platform === 'linux' && runtime ? [join(runtime, 'docker.sock')] : []),
    join(home, desktop),
    ...(platform === 'darwin' ? [join(home, '.orbstack/run/docker.sock')] : []),
    ...colimaProfiles(home).map((profile) => join(home, '.colima', profile, 'docker.sock')),
    join(home, '.rd/docker.sock'),
  ];
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
