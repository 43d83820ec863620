import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { tableIn } from '../../system/json.ts';
import { quote } from '../../system/shell-quote.ts';
import { exitCode, UserError } from '../../system/user-error.ts';
import { readConfigurationJson } from './configuration-file.ts';
import { defaultContext, defaultEndpoint, type Endpoint, parseEndpoint, tlsFileNames } from './endpoint.ts';
import { requireRootsOwn } from './roots-own.ts';
import type { UserEnvironment } from './user-environment.ts';

/** Returns the folder of the Docker CLI's settings: `DOCKER_CONFIG`, else `~/.docker`; an absolute path. */
export function dockerConfigFolder({
  environment,
  home,
}: Pick<UserEnvironment, 'environment' | 'home'>): string {
  return resolve(environment.DOCKER_CONFIG || join(home, '.docker'));
}

type ConfigOf = Pick<UserEnvironment, 'environment' | 'home' | 'isRoot'>;

/**
 * Returns the context that `docker context use` chose, or undefined.
 * @throws UserError with exit code 78 for a `config.json` that is not JSON or no small regular file
 * @throws FileRefused when another user could have written it and this is root
 */
export function currentContext(user: ConfigOf): string | undefined {
  const config = readJson(join(dockerConfigFolder(user), 'config.json'), user);
  const name = typeof config === 'object' && config !== null && 'currentContext' in config;
  return name && typeof config.currentContext === 'string' && config.currentContext !== ''
    ? config.currentContext
    : undefined;
}

/**
 * Returns the endpoint of a context, with its TLS files: `contexts/meta/SHA256(name)/meta.json` and
 * `contexts/tls/SHA256(name)/docker/` in the CLI's folder, as `docker context` writes them.
 * @throws UserError with exit code 78 when there is no such context, or its file makes no sense
 * @throws FileRefused when another user could have written its file and this is root
 */
export function contextEndpoint(name: string, user: ConfigOf): Endpoint {
  if (name === defaultContext) return defaultEndpoint;
  const configFolder = dockerConfigFolder(user);
  const id = createHash('sha256').update(name).digest('hex');
  const file = join(configFolder, 'contexts', 'meta', id, 'meta.json');
  const meta = readJson(file, user);
  if (meta === undefined) {
    throw new UserError(
      exitCode.badConfiguration,
      `There is no Docker context ${JSON.stringify(name)} in ${configFolder}`,
      'See which there are with: docker context ls. Under sudo they are root’s, not yours: DOCKER_CONFIG names another folder',
    );
  }
  const { Host: host, SkipTLSVerify: skips } = tableIn(tableIn(tableIn(meta)?.Endpoints)?.docker) ?? {};
  if (typeof host !== 'string' || host === '') {
    throw new UserError(
      exitCode.badConfiguration,
      `The Docker context ${JSON.stringify(name)} names no host (${file})`,
      `See it with: docker context inspect ${quote(name)}`,
    );
  }
  const folder = join(configFolder, 'contexts', 'tls', id, 'docker');
  const verify = skips !== true;
  // cli/context/docker/load.go: TLS when there are files for it, or when the engine's certificate is not to be verified.
  const tls = hasTlsFiles(folder) || !verify ? { folder, verify } : undefined;
  return parseEndpoint(host, `Docker context ${JSON.stringify(name)}`, tls, 'its host');
}

/**
 * Returns the names of all contexts, the default one first.
 * @throws UserError or FileRefused for the first that may not be used
 */
export function contextNames(user: ConfigOf): string[] {
  const folder = join(dockerConfigFolder(user), 'contexts', 'meta');
  const names = existsSync(folder)
    ? readdirSync(folder).flatMap((id) => {
        const meta = readJson(join(folder, id, 'meta.json'), user) as ContextMeta | undefined;
        return typeof meta?.Name === 'string' ? [meta.Name] : [];
      })
    : [];
  return [defaultContext, ...names.sort()];
}

function hasTlsFiles(folder: string): boolean {
  return tlsFileNames.some((name) => mayBeThere(join(folder, name)));
}

/** Returns true for a file that cannot be checked: without TLS the engine's port would give meaningless answers. */
function mayBeThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}

interface ContextMeta {
  readonly Name?: unknown;
}

/** @returns undefined when there is no such file */
function readJson(file: string, { isRoot }: ConfigOf): unknown {
  if (isRoot && !requireRootsOwn('docker-config', file)) return undefined;
  return readConfigurationJson(file, 'Correct it, or name another folder in DOCKER_CONFIG');
}
