import { exitCode, Failure } from '../system/failure.ts';

/** Where an engine's API is. Only a Unix socket so far. */
export interface Endpoint {
  readonly kind: 'unix';
  /** Absolute path of the socket. */
  readonly path: string;
  /** As hooks get it in `DOCKER_HOST`. */
  readonly url: string;
}

/** Docker's own default on Linux and macOS. */
export const defaultEndpoint = unixEndpoint('/var/run/docker.sock');

/**
 * Reads an endpoint as Docker's `-H` takes it.
 * @param from what to name in the error: the flag or variable that held it
 * @throws Failure with exit code 64 for one that is malformed or of a kind not supported yet
 */
export function parseEndpoint(text: string, from: string): Endpoint {
  const url = text.trim();
  if (url.startsWith('unix://')) {
    const path = url.slice('unix://'.length);
    if (!path.startsWith('/')) {
      throw new Failure(
        exitCode.usage,
        `${from}: ${url} has no absolute path`,
        'Write it as unix:///path/to/docker.sock',
      );
    }
    if (Buffer.byteLength(path) > longestSocketPath) {
      const limit = `A Unix socket's path has at most ${longestSocketPath} bytes`;
      throw new Failure(
        exitCode.usage,
        `${from}: the path in ${url} is too long`,
        `${limit}: use a link to it`,
      );
    }
    return unixEndpoint(path);
  }
  const scheme = /^(tcp|ssh|https?|npipe|fd):\/\//.exec(url)?.[1];
  if (scheme !== undefined) {
    const cure = 'Only unix:// is supported so far. To act on the notifier alone, see --trust-notifier';
    throw new Failure(
      exitCode.usage,
      `${from}: engines at ${scheme}:// cannot be watched yet (${url})`,
      cure,
    );
  }
  throw new Failure(
    exitCode.usage,
    `${from}: ${JSON.stringify(text)} is no endpoint`,
    'Write it as unix:///var/run/docker.sock',
  );
}

/** sizeof(sun_path) less its end: 108 on Linux, 104 on macOS (unix(7)). */
const longestSocketPath = process.platform === 'linux' ? 107 : 103;

function unixEndpoint(path: string): Endpoint {
  return { kind: 'unix', path, url: `unix://${path}` };
}
