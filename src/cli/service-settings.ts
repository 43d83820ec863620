import type { Loaded } from '../config/load.ts';
import type { Surroundings } from '../config/surroundings.ts';
import { type ServiceOptions, stateFolder } from '../service/manifest.ts';
import { findAccount } from '../system/find-account.ts';
import { load } from './load.ts';

/**
 * The settings that hold for the service: what its command line says, and the settings file; as root, and with
 * nothing of the environment of whoever asks.
 * @throws Failure for what is wrong with them
 */
export function loadForService({ scriptDir, port }: ServiceOptions, platform: NodeJS.Platform): Loaded {
  const given = (value: string) => ({ value, from: { kind: 'argument' } as const });
  const surroundings: Surroundings = {
    environment: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', STATE_DIRECTORY: stateFolder(platform) },
    home: findAccount('0', platform)?.home ?? '/root',
    isRoot: true,
    platform,
  };
  return load(
    {
      given: { scriptDir: given(scriptDir), ...(port !== undefined && { port: given(String(port)) }) },
      config: undefined,
    },
    undefined,
    surroundings,
  );
}
