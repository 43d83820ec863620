import { connect } from 'node:net';

/**
 * Ends this process as soon as Docker's own has been told to end, as by `kill`: it passes no signal on, but closes
 * a socket whose name it gave to its plugin (from 25.0 on; docker/cli, cli-plugins/socket). On Linux that name is an
 * abstract one, which Node 20 pads to another (seen with 20.20; not with 22 and 24): there nothing comes of it.
 */
export function endWithDocker(environment: NodeJS.ProcessEnv = process.env): void {
  const name = environment.DOCKER_CLI_PLUGIN_SOCKET;
  if (!name) return;
  // Go writes the zero byte of an abstract socket's name as an at sign.
  const socket = connect(name.replace(/^@/, '\0'));
  socket.unref();
  let isHeld = false;
  socket.on('connect', () => {
    isHeld = true;
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    if (isHeld) process.kill(process.pid, 'SIGTERM');
  });
  socket.resume();
}
