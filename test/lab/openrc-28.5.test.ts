import { describeService } from './services.ts';

const service = 'rc-service --quiet docker';
const dockerd = '$(cat /run/docker.pid)';

/** Debian's own init script: its start does not wait for dockerd, and a pid file of its own is beside dockerd's. */
describeService(
  {
    name: 'Docker 28.5 on OpenRC',
    options: { init: 'openrc' },
    socket: '/run/docker.sock',
    pidfile: '/run/docker.pid',
    start: `${service} start`,
    stop: `${service} stop`,
    restart: `${service} restart`,
    signal: `kill -"$1" ${dockerd}`,
    // OpenRC takes a service whose process was killed for a started one.
    recover: `${service} zap; ${service} start`,
    answers: 'docker version',
    install: [],
  },
  () => {},
);
