import { execFile } from 'node:child_process';

/**
 * Tells systemd that the service is ready (sd_notify(3)), where it asked for that. Node cannot send to a datagram
 * socket, so `systemd-notify` does it: one process, once, and none of those that come later knows of the socket.
 * Run by root it speaks with our pid, so that `NotifyAccess=main` lets it.
 * @param failed told why it could not be told; systemd then ends the service when its time is over
 */
export function notifyReady(environment: NodeJS.ProcessEnv, failed: (error: string) => void): void {
  const { NOTIFY_SOCKET: socket, PATH } = environment;
  if (socket === undefined) return;
  delete environment.NOTIFY_SOCKET;
  const env = { NOTIFY_SOCKET: socket, PATH: PATH ?? '/usr/bin:/bin' };
  execFile('systemd-notify', ['--ready'], { env, timeout: 10_000 }, (error) => {
    if (error !== null) failed(error.message.trim());
  });
}
