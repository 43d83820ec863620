import { errorCode } from '../system/user-error.ts';
import type { FleetProblem } from './report.ts';

/** Thrown for everything that keeps this host from the fleet. */
export class FleetFailure extends Error {
  override readonly name = 'FleetFailure';
  readonly problem: FleetProblem;

  constructor(problem: FleetProblem) {
    super(problem.kind);
    this.problem = problem;
  }
}

/** The broker has another last message of this host than the one that was expected. */
export class CursorMoved extends Error {
  override readonly name = 'CursorMoved';
}

/** Returns whether an error is the end of the client's own limit. */
export function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

/** Returns the problem that an error of the client, of TLS or of the network stands for. */
export function asFailure(error: unknown, server: string, name: string, seed: boolean): Error {
  if (error instanceof FleetFailure || error instanceof CursorMoved) return error;
  return new FleetFailure(problemIn(error, server, name, seed));
}

function problemIn(error: unknown, server: string, name: string, seed: boolean): FleetProblem {
  // A server that closes the connection before it says anything leaves the client without an error.
  if (!(error instanceof Error)) return { kind: 'not-nats', server };
  const cause = error.cause instanceof Error ? error.cause : undefined;
  const code = errorCode(error) ?? errorCode(cause) ?? '';
  const text = `${error.message} ${cause?.message ?? ''}`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return { kind: 'certificate-name', server };
  if (/SELF_SIGNED|UNABLE_TO_|CERT_|DEPTH_ZERO/.test(code))
    return { kind: 'certificate-unknown', server, code };
  if (/does not support 'tls'/.test(text)) return { kind: 'no-tls', server };
  if (/unexpected response|ERR_SSL|EPROTO/.test(`${text} ${code}`)) return { kind: 'not-nats', server };
  if (error.name === 'AuthorizationError' || cause?.name === 'AuthorizationError')
    return { kind: 'not-admitted', server, seed };
  const denied = [error, cause].find((one) => one?.name === 'PermissionViolationError');
  if (denied !== undefined)
    return { kind: 'not-permitted', subject: (denied as Error & { subject?: string }).subject ?? '', name };
  if (/no responders/.test(text)) return { kind: 'not-set-up' };
  if (isTimeout(error) || isTimeout(cause)) return { kind: 'silent', server };
  if (code !== '') return { kind: 'unreachable', server, code };
  if (/closed|disconnect/i.test(`${error.name} ${text}`)) return { kind: 'lost', server };
  return { kind: 'failed', said: text.trim() };
}
