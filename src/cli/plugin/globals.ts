import { basename, dirname } from 'node:path';
import { exitCode, Failure } from '../../system/failure.ts';
import type { DockerGlobals } from './call.ts';

/**
 * What Docker's own options come to in the environment, where the rest of the program looks for them by Docker's
 * own rules; undefined takes a variable away. Which engine is meant is not among them: that is for the command.
 * @throws Failure with exit code 64 for TLS files that only Docker itself can take
 */
export function environmentOf(globals: DockerGlobals): { readonly [variable: string]: string | undefined } {
  const { config, tls, tlsverify } = globals;
  const folder = tlsFolder(globals);
  return {
    ...(config !== undefined && { DOCKER_CONFIG: config }),
    ...(folder !== undefined && { DOCKER_CERT_PATH: folder }),
    ...(tlsverify && { DOCKER_TLS_VERIFY: '1' }),
    ...(tls && !tlsverify && { DOCKER_TLS: '1', DOCKER_TLS_VERIFY: undefined }),
  };
}

/** The one folder that holds the files, under the names that Docker itself gives them. */
function tlsFolder({ tlscacert, tlscert, tlskey }: DockerGlobals): string | undefined {
  const given = [
    { path: tlscacert, name: 'ca.pem' },
    { path: tlscert, name: 'cert.pem' },
    { path: tlskey, name: 'key.pem' },
  ].filter((file): file is { path: string; name: string } => file.path !== undefined);
  const [first] = given;
  if (first === undefined) return undefined;
  const folder = dirname(first.path);
  if (given.every(({ path, name }) => basename(path) === name && dirname(path) === folder)) return folder;
  throw new Failure(
    exitCode.usage,
    'The TLS files are not ca.pem, cert.pem and key.pem of one folder',
    'Put them into a context, and give that: docker context create --help',
  );
}
