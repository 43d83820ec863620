import { homedir } from 'node:os';

/** The environment of this process and its user, on which settings depend. */
export interface UserEnvironment {
  readonly environment: NodeJS.ProcessEnv;
  /** The user's home folder, as `HOME` has it. */
  readonly home: string;
  readonly isRoot: boolean;
  readonly platform: NodeJS.Platform;
}

export function processEnvironment(): UserEnvironment {
  const { env: environment, platform } = process;
  return { environment, home: environment.HOME || homedir(), isRoot: process.geteuid?.() === 0, platform };
}
