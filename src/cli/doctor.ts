import { type ExitCode, exitCode } from '../system/failure.ts';
export async function doctor(_: { json: boolean }): Promise<ExitCode> {
  return exitCode.done;
}
