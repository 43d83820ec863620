/** The unit of Docker's snap. */
export const snapUnit = 'snap.docker.dockerd.service';

/** Returns the pid file of the Docker that this unit runs; undefined if it is the usual one. */
export function pidfileOf(dockerUnit: string): string | undefined {
  // bin/dockerd-wrapper of the snap: $SNAP_DATA/run/docker.pid.
  return dockerUnit === snapUnit ? '/var/snap/docker/current/run/docker.pid' : undefined;
}
