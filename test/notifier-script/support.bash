# What the notifier's tests share: a place of their own, listeners, notifiers, and waiting for what they do.

here=$(cd "${BATS_TEST_FILENAME%/*}" && pwd)
root=$(cd "$here/../.." && pwd)
notifier=$root/notifier/notifier.sh

# The commands that the notifier finds: as in its image nothing but busybox where there is one, else the system's
# own, with a stand-in for nc, since those that systems bring differ too much from busybox's.
make_commands() {
  local commands=$BATS_FILE_TMPDIR/commands
  mkdir -p "$commands"
  if command -v busybox >/dev/null; then
    for applet in cat head mkfifo mktemp nc rm sleep; do
      ln -s "$(command -v busybox)" "$commands/$applet"
    done
    export NOTIFIER_PATH=$commands NOTIFIER_SHELL="busybox sh"
  else
    ln -s "$here/nc-stand-in.js" "$commands/nc"
    export NOTIFIER_PATH=$commands:$PATH NOTIFIER_SHELL=sh
    left_out "the image's own sh and nc, for busybox is not installed: tested with this system's sh and a stand-in for nc"
  fi
}

left_out() {
  echo "# Left out here: $1" >&3
}

free_port() {
  node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => {
    console.log(s.address().port);
    s.close();
  })'
}

# Waits until a command succeeds, for longer than a loaded machine needs.
wait_until() {
  for _ in $(seq 400); do
    "$@" && return
    sleep 0.05
  done
  echo "Waited in vain for: $*" >&2
  tail -n 99 "$BATS_TEST_TMPDIR"/*.log >&2
  return 1
}

# listen HOW [LOG]: a line server on the test's port.
listen() {
  listener_log=$BATS_TEST_TMPDIR/${2:-listener}.log
  : >"$listener_log"
  node "$here/line-server.js" "$port" "$1" "$listener_log" >&2 3>&- &
  listener=$!
  children+=("$listener")
  wait_until heard listening
}

heard() {
  grep -q -- "$1" "$listener_log"
}

# What was said to the listener, without the connections that it came on, in one line.
said() {
  sed -n 's/^connection [0-9]*: //p' "$listener_log" | tr '\n' ' '
}

# notify [WORD...]: a notifier in the background, with the words before the hostname. Whoever it starts inherits
# the pipe `alive`, so that its end is the end of them all.
notify() {
  notifier_log=$BATS_TEST_TMPDIR/notifier.log
  : >"$notifier_log"
  rm -f "$BATS_TEST_TMPDIR/alive"
  mkfifo "$BATS_TEST_TMPDIR/alive"
  cat "$BATS_TEST_TMPDIR/alive" >/dev/null 3>&- &
  alive=$!
  local shell
  read -ra shell <<<"${NOTIFIER_SHELL}"
  shell[0]=$(command -v "${shell[0]}")
  # With job control, for without it a shell has its background processes ignore INT.
  set -m
  env PATH="$NOTIFIER_PATH" "$@" "${shell[@]}" "$notifier" 127.0.0.1 "$port" \
    >"$notifier_log" 2>&1 9>"$BATS_TEST_TMPDIR/alive" 3>&- &
  pid=$!
  set +m
  children+=("$pid" "$alive")
}

logged() {
  grep -q -- "$1" "$notifier_log"
}

never() {
  ! "$@"
}

# A folder that only root and this user can change, as the listener wants it for hooks.
private_folder() {
  if [ "$(id -u)" -eq 0 ] && [ -d /run ]; then
    mktemp -d /run/notifier-test.XXXXXX
  else
    mktemp -d "$HOME/.notifier-test.XXXXXX"
  fi
}

over() {
  ! kill -0 "$1" 2>/dev/null
}

# end_with SIGNAL: the notifier is told to end, does, and so do all that it started.
end_with() {
  kill "-$1" "$pid"
  wait_until over "$pid"
  status=0
  wait "$pid" || status=$?
  [ "$status" -eq 0 ]
  # Well before the longest sleep that it could have left behind is over.
  for _ in $(seq 10); do
    over "$alive" && return
    sleep 0.1
  done
  echo 'The notifier left a child behind' >&2
  return 1
}

end_children() {
  for child in "${children[@]}"; do
    kill -KILL "$child" 2>/dev/null || true
  done
  wait
}
