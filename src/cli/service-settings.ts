import { join } from 'node:path';
import { type Loaded, settingsFileName } from '../listener/config/load.ts';
import { pidfileOf } from '../service/docker-pidfile.ts';
import type { Machine } from '../service/machine.ts';
import { type ServiceOptions, stateFolder } from '../service/manifest.ts';
import type { Scope } from '../service/scope.ts';
import { findAccount } from '../system/find-account.ts';
import type { UserEnvironment } from '../watch/endpoint/user-environment.ts';
import { load } from './load.ts';

/**
 * The settings that hold for the service: what its command line says, and the settings file; as its owner, and with
 * nothing of the caller's environment.
 * @throws UserError for what is wrong with them
 */
export function loadForService(
  service: ServiceOptions,
  machine: Pick<Machine, 'platform' | 'scope'>,
): Loaded {
  const { scriptDir, port, dockerUnit } = service;
  const pidfile = pidfileOf(dockerUnit);
  const input = (value: string) => ({ value, from: { kind: 'argument' } as const });
  return load(
    {
      inputs: {
        scriptDir: input(scriptDir),
        ...(port !== undefined && { port: input(String(port)) }),
        ...(pidfile !== undefined && { pidfile: input(pidfile) }),
        ...(isRootless(machine) && port === undefined && { notifier: input('off') }),
      },
      config: undefined,
    },
    undefined,
    environmentOf(machine),
  );
}

/** Returns where the settings file of a service is, or would be. */
export function settingsFileOf(scope: Scope): string {
  return join(scope.kind === 'user' ? scope.config : '/etc', settingsFileName);
}

/** Returns true if containers do not reach the listener. On macOS they run in a virtual machine, and do. */
function isRootless({ platform, scope }: Pick<Machine, 'platform' | 'scope'>): boolean {
  return scope.kind === 'user' && platform !== 'darwin';
}

function environmentOf({ platform, scope }: Pick<Machine, 'platform' | 'scope'>): UserEnvironment {
  const environment = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    STATE_DIRECTORY: stateFolder(platform, scope),
  };
  if (scope.kind === 'system') {
    return { environment, home: findAccount('0', platform)?.home ?? '/root', isRoot: true, platform };
  }
  const { runtime, config, home } = scope;
  // An agent of launchd's finds Docker as the user's own docker does.
  const own = isRootless({ platform, scope })
    ? {
        XDG_RUNTIME_DIR: runtime,
        XDG_CONFIG_HOME: config,
        DOCKER_HOST: `unix://${join(runtime, 'docker.sock')}`,
      }
    : {};
  return { environment: { ...environment, ...own }, home, isRoot: false, platform };
}
