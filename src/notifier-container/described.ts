/** The name of the image and of the container. */
export const notifierName = 'docker-lifecycle-notifier';

/** The name by which a container knows the host; `host-gateway` makes it so on Linux too. */
export const listenerHost = 'host.docker.internal';

/** Explains why a notifier is of no use to a rootless engine. */
export const rootlessReason = 'Docker is rootless, and its containers do not reach the host';

/** The default base image; any image with a shell and `nc` works. */
export const usualBase = 'busybox';

/** Labels of the image, and so of the container. */
export const labels = {
  /** The title from the Dockerfile: an image with it is ours, also if it was built by hand. */
  title: 'org.opencontainers.image.title',
  version: 'org.opencontainers.image.version',
  base: 'org.opencontainers.image.base.name',
} as const;

/** The notifier as it is to be. */
export interface NotifierWish {
  /** The version of the program that installs it. */
  readonly version: string;
  /** The listener's port. */
  readonly port: number;
  /** The image that it is built from; undefined for the usual one, and for whatever it was built from already. */
  readonly base: string | undefined;
}

/** The word by which Docker puts the host's address into a container (`docker run --add-host`). */
export const hostGateway = 'host-gateway';

/**
 * The body of `POST /containers/create`: what `docker run --detach --restart always --read-only …` makes. It needs
 * no right at all, and a few hundred kB; the limits leave room for what an engine itself needs to start it.
 * @param address the host's, as `hostGateway` or an IP address
 */
export function containerOf(port: number, address: string): object {
  return {
    Image: notifierName,
    Cmd: [listenerHost, String(port)],
    HostConfig: {
      RestartPolicy: { Name: 'always' },
      ExtraHosts: [`${listenerHost}:${address}`],
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      Memory: 32 * 1024 * 1024,
      PidsLimit: 64,
    },
  };
}
