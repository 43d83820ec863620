import { homedir } from 'node:os';

/** What settings depend on beside what was given. */
export interface Surroundings {
  readonly environment: NodeJS.ProcessEnv;
  /** The user's home folder, as `HOME` has it. */
  readonly home: string;
  readonly isRoot: boolean;
  readonly platform: NodeJS.Platform;
}

export function realSurroundings(): Surroundings {
  const { env: environment, platform } = process;
  return { environment, home: environment.HOME || homedir(), isRoot: process.geteuid?.() === 0, platform };
}
