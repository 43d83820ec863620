import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode, exitCode, Failure } from '../system/failure.ts';
import { defaultEndpoint, type Endpoint, parseEndpoint } from './endpoint.ts';

/** The context that stands for `DOCKER_HOST` or Docker's default socket; it has no file. */
export const defaultContext = 'default';

/** Where the Docker CLI keeps its settings: `DOCKER_CONFIG`, else `~/.docker`. */
export function dockerConfigFolder(environment: NodeJS.ProcessEnv, home: string): string {
  return environment.DOCKER_CONFIG || join(home, '.docker');
}

/**
 * The context that `docker context use` chose, or undefined.
 * @throws Failure with exit code 78 for a `config.json` that is no JSON
 */
export function currentContext(configFolder: string): string | undefined {
  const file = join(configFolder, 'config.json');
  const config = readJson(file);
  const name = typeof config === 'object' && config !== null && 'currentContext' in config;
  return name && typeof config.currentContext === 'string' && config.currentContext !== ''
    ? config.currentContext
    : undefined;
}

/**
 * The endpoint of a context, with its TLS files: `contexts/meta/SHA256(name)/meta.json` and
 * `contexts/tls/SHA256(name)/docker/` in the CLI's folder, as `docker context` writes them.
 * @throws Failure with exit code 78 when there is no such context, or its file makes no sense
 */
export function contextEndpoint(name: string, configFolder: string): Endpoint {
  if (name === defaultContext) return defaultEndpoint;
  const id = createHash('sha256').update(name).digest('hex');
  const file = join(configFolder, 'contexts', 'meta', id, 'meta.json');
  const meta = readJson(file) as ContextMeta | undefined;
  if (meta === undefined) {
    throw new Failure(
      exitCode.badConfiguration,
      `There is no Docker context ${JSON.stringify(name)} in ${configFolder}`,
      'See which there are with: docker context ls. Under sudo they are root’s, not yours: DOCKER_CONFIG names another folder',
    );
  }
  const docker = meta.Endpoints?.docker;
  if (typeof docker?.Host !== 'string' || docker.Host === '') {
    throw new Failure(
      exitCode.badConfiguration,
      `The Docker context ${JSON.stringify(name)} names no host (${file})`,
      `See it with: docker context inspect ${name}`,
    );
  }
  const folder = join(configFolder, 'contexts', 'tls', id, 'docker');
  const verify = docker.SkipTLSVerify !== true;
  // cli/context/docker/load.go: TLS when there are files for it, or when it is said not to look at the engine's.
  const tls = hasTlsFiles(folder) || !verify ? { folder, verify } : undefined;
  return parseEndpoint(docker.Host, `Docker context ${JSON.stringify(name)}`, tls);
}

/** The names of all contexts, the default one first; of what cannot be read, nothing. */
export function contextNames(configFolder: string): string[] {
  const folder = join(configFolder, 'contexts', 'meta');
  const names = existsSync(folder)
    ? readdirSync(folder).flatMap((id) => {
        const meta = readJson(join(folder, id, 'meta.json')) as ContextMeta | undefined;
        return typeof meta?.Name === 'string' ? [meta.Name] : [];
      })
    : [];
  return [defaultContext, ...names.sort()];
}

function hasTlsFiles(folder: string): boolean {
  return ['ca.pem', 'cert.pem', 'key.pem'].some((name) => existsSync(join(folder, name)));
}

interface ContextMeta {
  readonly Name?: unknown;
  readonly Endpoints?: { readonly docker?: { readonly Host?: unknown; readonly SkipTLSVerify?: unknown } };
}

/** @returns undefined when there is no such file */
function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw new Failure(
      exitCode.badConfiguration,
      `Cannot read ${file} (${errorCode(error)})`,
      `See: ls -l ${file}`,
    );
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure(
      exitCode.badConfiguration,
      `${file} is no JSON: ${why}`,
      'Mend it, or name another folder in DOCKER_CONFIG',
    );
  }
}
