import { dirname, join } from 'node:path';
import { defaultEndpoint, type Endpoint } from './endpoint.ts';

/**
 * Where the engine at an endpoint writes its pid when nobody says otherwise: a fixed place for Docker's default
 * socket (dockerd's `--pidfile`), beside the socket for a rootless one, and no known place for any other. On
 * macOS the engine's process is in a virtual machine, out of sight.
 */
export function defaultPidfile(
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
