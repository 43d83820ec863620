/** The unit of Docker's snap. */
export const snapUnit = 'snap.docker.dockerd.service';

/** Where Docker writes its pid when that unit runs it; undefined where that is the usual place. */
export function pidfileOf(dockerUnit: string): string | undefined {
  // bin/dockerd-wrapper of the snap: $SNAP_DATA/run/docker.pid.
  return dockerUnit === snapUnit ? '/var/snap/docker/current/run/docker.pid' : undefined;
}
