/** What the image and the container are called. */
export const notifierName = 'docker-lifecycle-notifier';

/** The name by which a container knows the host; `host-gateway` makes it so on Linux too. */
export const listenerHost = 'host.docker.internal';

/** What the notifier's image is built from, unless another is named: any image with a shell and `nc` will do. */
export const usualBase = 'busybox';

/** What is written on the image, and so on the container. */
export const labels = {
  /** The image's own, from its Dockerfile: whoever carries it is ours, also where it was built by hand. */
  title: 'org.opencontainers.image.title',
  version: 'org.opencontainers.image.version',
  base: 'org.opencontainers.image.base.name',
} as const;

/** The notifier as it is to be. */
export interface NotifierWish {
  /** The version of the program that installs it. */
  readonly version: string;
  /** Where the listener listens. */
  readonly port: number;
  /** The image that it is built from; undefined for the usual one, and for whatever it was built from already. */
  readonly base: string | undefined;
}

/**
 * The body of `POST /containers/create`: what `docker run --detach --restart always --read-only …` makes. It needs
 * no right at all, and a few hundred kB; the limits leave room for what an engine itself needs to start it.
 */
export function containerOf(port: number): object {
  return {
    Image: notifierName,
    Cmd: [listenerHost, String(port)],
    HostConfig: {
      RestartPolicy: { Name: 'always' },
      ExtraHosts: [`${listenerHost}:host-gateway`],
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      Memory: 32 * 1024 * 1024,
      PidsLimit: 64,
    },
  };
}
