#!/usr/bin/env bats
# The notifier's script, run as its container runs it, against listeners on real sockets.

setup_file() {
  load support.bash
  make_commands
}

setup() {
  load support.bash
  children=() hooks=
  port=$(free_port)
}

teardown() {
  end_children
  [ -z "$hooks" ] || rm -rf "$hooks"
}

@test 'says start at once, has a connection held, and says stop on it' {
  listen ours
  notify
  wait_until heard 'connection 2: hold'
  [ "$(said)" = 'start hold ' ]
  heard 'connection 1 closed'
  end_with TERM
  heard 'connection 2: stop'
  [ "$(said)" = 'start hold stop ' ]
  never logged 'Nobody listens'
}

@test 'tells docker-lifecycle-listener itself' {
  hooks=$(private_folder)
  hook_log=$BATS_TEST_TMPDIR/hooks.log
  for event in start stop; do
    mkdir -m 755 "$hooks/on_$event"
    printf '#!/bin/sh\necho "$1 $DOCKER_LIFECYCLE_REASON" >>"%s"\n' "$hook_log" >"$hooks/on_$event/note"
    chmod 755 "$hooks/on_$event/note"
  done
  listener_log=$BATS_TEST_TMPDIR/listener.log
  node "$root/dist/docker-lifecycle-listener.js" "$hooks" "$port" --listen 127.0.0.1 --trust-notifier \
    --config none --state-dir "$hooks/state" \
    --host "unix://$hooks/none.sock" --pidfile "$hooks/none.pid" >"$listener_log" 2>&1 3>&- &
  listener=$!
  children+=("$listener")
  wait_until heard 'Listening for notifiers'
  notify
  wait_until heard 'keeps its connection open'
  end_with TERM
  wait_until grep -q stop "$hook_log"
  notify
  wait_until logged 'holds a connection'
  # Killed, it cannot say stop: the end of its connection says it.
  kill -KILL "$pid"
  wait_until heard 'gone without a word'
  kill "$listener"
  wait_until over "$listener"
  [ "$(cut -d ' ' -f 1 "$hook_log" | tr '\n' ' ')" = 'start stop start stop ' ]
}

@test 'works in every shell of this machine' {
  # The laboratory's file systems have the busybox of three Debians: 1.35, 1.37 and 1.38.
  shopt -s nullglob
  busyboxes=("${LAB_FOLDER:-$root/.lab}"/roots/*/root/bin/busybox)
  for shell in 'busybox sh' dash bash 'bash --posix' mksh sh "${busyboxes[@]/%/ sh}"; do
    command -v "${shell%% *}" >/dev/null || continue
    NOTIFIER_SHELL=$shell
    listen ours "listener of ${shell//\//_}"
    notify
    wait_until logged 'holds a connection'
    end_with TERM
    [ "$(said)" = 'start hold stop ' ]
    # Six lines, each its own: no word of the shell about children that ended.
    [ "$(grep -c '^notifier: ' "$notifier_log")" = "$(grep -c '' "$notifier_log")" ]
    kill "$listener"
    wait "$listener" || true
  done
}

@test 'says stop and exits 0 on HUP, INT and TERM' {
  listen ours
  for signal in HUP INT TERM; do
    : >"$listener_log"
    notify
    wait_until logged 'holds a connection'
    end_with "$signal"
    [ "$(said)" = 'start hold stop ' ]
    logged "$signal received"
  done
}

@test 'exits 0 on HUP, INT and TERM when nobody listens' {
  for signal in HUP INT TERM; do
    notify
    wait_until logged 'Nobody listens'
    end_with "$signal"
    logged 'not told of the stop'
  done
}

@test 'exits 0 on HUP, INT and TERM when the listener never answers' {
  for signal in HUP INT TERM; do
    listen mute "listener of $signal"
    notify
    wait_until heard start
    end_with "$signal"
    wait_until heard 'connection [12]: stop'
    kill "$listener"
    wait "$listener" || true
  done
}

# ask [WORD...]: asks once, and gives the exit code.
ask() {
  local shell
  read -ra shell <<<"${NOTIFIER_SHELL}"
  shell[0]=$(command -v "${shell[0]}")
  notifier_log=$BATS_TEST_TMPDIR/ask.log
  env PATH="$NOTIFIER_PATH" "${shell[@]}" "$notifier" --ping "$@" >"$notifier_log" 2>&1 3>&- && echo 0 || echo $?
}

@test 'asks whether the listener is there, and tells it nothing' {
  [ "$(ask 127.0.0.1 "$port")" = 13 ]
  listen ours
  [ "$(ask 127.0.0.1 "$port")" = 0 ]
  wait_until heard 'connection 1 closed'
  [ "$(said)" = 'ping ' ]
  [ "$(ask no-such-host.invalid "$port")" = 12 ]
  [ "$(ask 127.0.0.1 x)" = 64 ]
  kill "$listener"
  wait "$listener" || true
  listen mute 'mute listener'
  [ "$(ask 127.0.0.1 "$port")" = 14 ]
}

@test 'shows who asks what nc complains of, and tells an image without nc from a listener that is not there' {
  [ "$(ask 127.0.0.1 "$port")" = 13 ]
  grep -q 'Received: nc: ' "$BATS_TEST_TMPDIR/ask.log"
  local without=$BATS_TEST_TMPDIR/without command
  mkdir "$without"
  for command in cat head mkfifo mktemp rm sleep; do
    ln -s "$(PATH=$NOTIFIER_PATH command -v "$command")" "$without/$command"
  done
  # Not busybox's own shell: Debian's has an nc in it.
  for NOTIFIER_SHELL in sh dash bash mksh; do
    command -v "$NOTIFIER_SHELL" >/dev/null || continue
    [ "$(NOTIFIER_PATH=$without ask 127.0.0.1 "$port")" = 15 ]
    grep -q 'Received: .*nc: .*not found' "$BATS_TEST_TMPDIR/ask.log"
    grep -q 'nc does not run in this image' "$BATS_TEST_TMPDIR/ask.log"
  done
}

@test 'tries again until somebody listens' {
  notify
  wait_until logged 'Nobody listens at 127.0.0.1:.*trying again'
  listen ours
  wait_until heard hold
  [ "$(said)" = 'start hold ' ]
  end_with TERM
}

@test 'gives up after its time, lives on, and still says stop' {
  notify NOTIFIER_RETRY_SECONDS=1
  wait_until logged 'gave up'
  listen ours
  sleep 2
  [ "$(said)" = '' ]
  end_with TERM
  [ "$(said)" = 'stop ' ]
}

@test "speaks the original's protocol where there is no answer: a connection for each message, none kept" {
  listen original
  notify
  wait_until logged 'Said start .* no answer'
  wait_until heard 'connection 1 closed'
  # Nobody is kept waiting behind a held connection.
  printf 'stranger\n' | env PATH="$NOTIFIER_PATH:$PATH" nc 127.0.0.1 "$port" 3>&- &
  children+=("$!")
  wait_until heard 'connection 2: stranger'
  end_with TERM
  [ "$(said)" = 'start stranger stop ' ]
}

@test 'lets go of a listener that neither answers nor closes' {
  listen mute
  notify
  wait_until logged 'Said start .* no answer'
  end_with TERM
  heard 'connection 2: stop'
  [ "$(said)" = 'start stop ' ]
}

@test 'says start once to a listener that closes without an answer' {
  listen hasty
  notify
  wait_until logged 'Said start'
  sleep 2
  end_with TERM
  [ "$(said)" = 'start stop ' ]
}

@test 'lets go when a connection is not held, and says stop by message' {
  listen full
  notify
  wait_until heard 'connection 2: hold'
  wait_until heard 'connection 2 closed'
  logged 'does not hold a connection'
  end_with TERM
  heard 'connection 3: stop'
  [ "$(said)" = 'start hold stop ' ]
}

@test 'finds a listener that was restarted, says start and has a connection held again' {
  listen ours
  notify
  for round in 1 2; do
    wait_until heard hold
    kill -KILL "$listener"
    wait "$listener" || true
    wait_until logged 'ended the connection'
    # Somebody has the port for a moment who is no listener: that is no reason to stop looking.
    listen hasty "proxy $round"
    wait_until heard start
    kill -KILL "$listener"
    wait "$listener" || true
    listen ours "listener $round"
  done
  wait_until heard hold
  [ "$(said)" = 'start hold ' ]
  end_with TERM
  [ "$(said)" = 'start hold stop ' ]
}

@test 'looks for a listener that is gone less and less often, and still says stop' {
  listen ours
  notify NOTIFIER_RETRY_SECONDS=1
  wait_until heard hold
  kill -KILL "$listener"
  wait "$listener" || true
  wait_until logged 'trying again'
  sleep 4
  never logged 'gave up'
  listen ours again
  end_with TERM
  [[ "$(said)" = *'stop ' ]]
}

# ends_in HOW: sets the variable HOW to the milliseconds that the end takes beside a frozen listener, after one signal or two
ends_in() {
  notify
  wait_until logged 'holds a connection'
  kill -STOP "$listener"
  local began
  began=$(node -p 'Date.now()')
  if [ "$1" = twice ]; then
    kill -TERM "$pid"
    wait_until logged 'TERM received'
  fi
  end_with TERM
  declare -g "$1=$(($(node -p 'Date.now()') - began))"
  kill -CONT "$listener"
  wait_until heard stop
  : >"$listener_log"
}

@test 'a frozen listener delays the end a little, and not beyond a second signal' {
  listen ours
  # A busy machine adds to both; it is quiet enough in one round of three.
  for round in 1 2 3; do
    ends_in once
    ends_in twice
    echo "round $round, one signal: $once ms, two: $twice ms"
    [ $((twice * 2)) -ge "$once" ] || break
  done
  [ $((twice * 2)) -lt "$once" ]
}

@test 'a listener that is out of reach does not count as told' {
  [ -d /proc/self ] || skip 'a full queue of connections drops more of them on Linux alone'
  listen ours
  kill -STOP "$listener"
  # The queue of connections that nobody accepts holds two; what comes then gets no reply.
  for _ in 1 2 3 4; do
    node -e "require('node:net').connect($port, '127.0.0.1').on('error', () => {})" 3>&- &
    children+=("$!")
  done
  sleep 1
  notify
  wait_until logged 'Nobody listens .*no reply at all'
  end_with TERM
  logged 'not told of the stop'
}

@test 'does nothing at all while it waits, held or not' {
  [ -r /proc/self/status ] || skip 'there is no /proc to read the times of processes from'
  for how in ours original; do
    listen "$how" "listener that is $how"
    notify
    wait_until heard start
    if [ "$how" = ours ]; then wait_until logged 'holds'; else wait_until logged 'no answer'; fi
    sleep 0.5
    before=$(wakeups)
    [ -n "$before" ]
    sleep 3
    [ "$(wakeups)" = "$before" ]
    end_with TERM
    kill "$listener"
    wait "$listener" || true
  done
}

# For the notifier and its children: how often each ran so far, and for how long.
wakeups() {
  for process in "$pid" $(cat "/proc/$pid/task/$pid/children"); do
    grep ctxt_switches "/proc/$process/status"
    cut -d ' ' -f 14,15 "/proc/$process/stat"
  done
}

@test 'leaves no files behind' {
  listen ours
  before=$BATS_TEST_TMPDIR/before
  touch "$before"
  notify TMPDIR="$BATS_TEST_TMPDIR"
  wait_until logged 'holds a connection'
  kill -KILL "$pid"
  [ "$(find "$BATS_TEST_TMPDIR" -name 'notifier.*' ! -name notifier.log)" = '' ]
  [ "$(find /dev/shm -name 'notifier.*' -newer "$before" 2>/dev/null)" = '' ]
}

@test 'refuses what is no hostname, no port, or too much, with exit code 64' {
  for words in "'' 1" "-l 1" "'a b' 1" "host 0" "host 65536" "host x" "host ''" "host 1 2" "host 9999999999999999999"; do
    eval "set -- $words"
    run $NOTIFIER_SHELL "$notifier" "$@"
    echo "$words: $status $output"
    [ "$status" -eq 64 ]
    [[ "$output" = 'notifier: '*'Usage:'* ]]
  done
  NOTIFIER_RETRY_SECONDS=soon run $NOTIFIER_SHELL "$notifier"
  [ "$status" -eq 64 ]
}

@test 'says how it is used' {
  run $NOTIFIER_SHELL "$notifier" --help
  [ "$status" -eq 0 ]
  [[ "$output" = *'host.docker.internal'*'47200'* ]]
}
