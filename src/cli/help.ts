/** What `--help` prints. */
export const help = `docker-lifecycle-listener: runs your scripts when Docker starts and when it stops

Usage:
  docker-lifecycle-listener <script_dir> [port]    run in the foreground (also: run <script_dir> [port])
  docker-lifecycle-listener demo                   see it work, without Docker and without root

The executables in <script_dir>/on_start run when Docker starts, and once when this starts and Docker
is up; those in <script_dir>/on_stop when Docker stops or dies; one after the other, by name.
[port] is where a notifier container may connect; 47200 by default.

Options:
  -H, --host ENDPOINT    which engine, as unix:///path/to/docker.sock
                         (default: DOCKER_HOST, else unix:///var/run/docker.sock)
      --pidfile PATH     where that engine writes its pid (default: /var/run/docker.pid for the default
                         socket, docker.pid beside a rootless one)
      --listen ADDRESS   where notifiers may connect; repeatable (default: loopback and docker0)
      --no-notifier      do not listen for notifiers
      --trust-notifier   act on a notifier's message alone, where the engine itself cannot be seen
      --log-format FMT   text or json
  -v, --verbose          say more         -q, --quiet    warnings and errors only
  -h, --help             this             --version      the version

Exit codes:
  0 ended by a signal, 64 wrong usage, 69 the port is in use, 77 not permitted, 1 anything else

Examples:
  sudo docker-lifecycle-listener /etc/docker-lifecycle-listener.d
  docker-lifecycle-listener ~/hooks --host unix://$XDG_RUNTIME_DIR/docker.sock
  docker-lifecycle-listener /etc/docker-lifecycle-listener.d 47200 --log-format json
`;
