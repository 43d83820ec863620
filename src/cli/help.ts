/** What `--help` prints. */
export const help = `docker-lifecycle-listener: runs your scripts when Docker starts and when it stops

Usage:
  docker-lifecycle-listener <script_dir> [port]    run in the foreground (also: run <script_dir> [port])
  docker-lifecycle-listener config check           what the settings are, and where each comes from
  docker-lifecycle-listener demo                   see it work, without Docker and without root

The executables in <script_dir>/on_start run when Docker starts, and once when this starts and Docker
is up; those in <script_dir>/on_stop when Docker stops or dies; one after the other, by name.
[port] is where a notifier container may connect; 47200 by default.

Options:
  -H, --host ENDPOINT    which engine: unix:///path/to/docker.sock, tcp://HOST:PORT, ssh://USER@HOST;
                         repeatable, one engine each
  -c, --context NAME     the same by Docker context; repeatable
                         (default: as docker itself: DOCKER_HOST, DOCKER_CONTEXT, docker context use,
                         unix:///var/run/docker.sock; and if nothing is there, where Docker's kin keep theirs)
      --pidfile PATH     where that engine writes its pid, or none where that cannot be seen from here
                         (default: /var/run/docker.pid for the default socket, docker.pid beside a
                         rootless one)
      --when-started W   what to run when this starts and Docker is up: always on_start, only if this run of
                         Docker is new to it, or never (default: always)
      --heartbeat TIME   how often to make sure that Docker still answers; 0 for never (default: 30s)
      --state-dir PATH   where to remember what was told
                         (default: below /var/lib/docker-lifecycle-listener, or in your home folder)
      --listen ADDRESS   where notifiers may connect; repeatable (default: loopback and docker0)
      --no-notifier      do not listen for notifiers
      --trust-notifier   act on a notifier's message alone, where the engine itself cannot be seen
      --config FILE      settings (default: /etc/docker-lifecycle-listener.toml, else the one in ~/.config;
                         none for no file)
      --dry-run          say what would run on each event, in order, and what would not and why
      --log-format FMT   text or json
  -v, --verbose          say more         -q, --quiet    warnings and errors only
  -h, --help             this             --version      the version

Exit codes:
  0 ended by a signal, 64 wrong usage, 69 the port is in use, 77 not permitted, 78 wrong settings,
  1 anything else

Examples:
  sudo docker-lifecycle-listener /etc/docker-lifecycle-listener.d
  docker-lifecycle-listener ~/hooks --host unix://$XDG_RUNTIME_DIR/docker.sock
  docker-lifecycle-listener /etc/docker-lifecycle-listener.d 47200 --log-format json
`;
