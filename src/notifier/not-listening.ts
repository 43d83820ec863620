import { type ExitCode, errorCode, exitCode } from '../system/failure.ts';

/** Why an address cannot be listened on: what was found, how to mend it, and the exit code for it. */
export interface NotListening {
  readonly exitCode: ExitCode;
  readonly found: string;
  readonly cure: string;
}

/** Words for what `listen` failed with; undefined for what nobody foresaw. */
export function whyNotListening(error: unknown, port: number): NotListening | undefined {
  switch (errorCode(error)) {
    case 'EADDRINUSE':
      return {
        exitCode: exitCode.unavailable,
        found: 'another program does already',
        cure: `See which with: ss -ltnp 'sport = :${port}'. Or give another port behind the script folder, or --no-notifier`,
      };
    case 'EACCES':
      return {
        exitCode: exitCode.notPermitted,
        found: 'ports below 1024 are for root',
        cure: 'Give a port from 1024 to 65535 behind the script folder',
      };
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return {
        exitCode: exitCode.unavailable,
        found: 'this machine has no such address',
        cure: 'See: ip address',
      };
    default:
      return undefined;
  }
}
