#!/bin/sh
# Runs in a container and tells docker-lifecycle-listener on the host when Docker starts and stops: Docker
# starts this container when it starts, and ends it with a signal when it stops.
#
# A message is a line, `start` or `stop`, on a TCP connection of its own. A listener that answers `ok` is asked
# to hold one more connection, with the line `hold`: its end tells the listener that this container is gone,
# even when `stop` could not be said. A listener that gives no answer gets the two messages and nothing else.
#
# For busybox's sh, and any other: no `read`, which in BusyBox 1.38 never returns once a signal was trapped. For busybox's nc without options; not for those that wait for the
# end of their input when the other side has closed, such as OpenBSD's. Nothing here polls. Every wait is a `wait`
# for a child, for that alone is interrupted by a signal at once, in every shell; and a wait with a limit is a
# wait for a `sleep`, which is killed when what was waited for has come.

listener_default=host.docker.internal
port_default=47200
# How long an answer is waited for, in s. Docker waits 10 s after its signal; two such waits fit in well.
patience=3
# How often a listener is tried that is gone: each second for `retry` seconds; after that, one that held a
# connection before is tried again after 2, 4, 8 ... s, at most this many.
longest_pause=3600
forever=2147483647

usage() {
  cat <<END
Usage: notifier.sh [--ping] [hostname] [port]
Tells docker-lifecycle-listener at hostname (default $listener_default) and port (default $port_default)
when this container starts and stops.
--ping: asks once whether it is there, and tells nothing. Exit code 0: yes; 12: the name is not known;
13: nobody answers there; 14: no reply at all; 15: nc does not run.
NOTIFIER_RETRY_SECONDS: how long a start that nobody hears is tried again (default 60).
END
}

refuse() {
  echo "notifier: $1" >&2
  usage >&2
  exit 64
}

say() {
  echo "notifier: $*"
}

# --- arguments

ping=
case ${1-} in
-h | --help) usage && exit ;;
--ping) ping=yes && shift ;;
esac
[ $# -le 2 ] || refuse "Too many arguments ($#): a hostname and a port are all there is"
host=${1-$listener_default}
port=${2-$port_default}
retry=${NOTIFIER_RETRY_SECONDS:-60}
case $host in
'' | -* | *[!A-Za-z0-9._:%-]*) refuse "Not a hostname or address: '$host'" ;;
esac
is_port() {
  case $1 in '' | *[!0-9]* | ??????*) return 1 ;; esac
  [ "$1" -ge 1 ] && [ "$1" -le 65535 ]
}
is_port "$port" || refuse "Not a port: '$port'. A port is a number from 1 to 65535"
case $retry in
*[!0-9]* | ??????*) refuse "NOTIFIER_RETRY_SECONDS is not a number of seconds: '$retry'" ;;
esac
listener=$host:$port

# --- children

nc='' nap='' ear=''

# Ends the children named and waits until they are gone; their shell's word about it is of no interest.
end() {
  for child in "$@"; do
    kill -KILL "$child" 2>/dev/null
    wait "$child" 2>/dev/null
  done
}

# Waits so many seconds. Yes when they are over, no when somebody killed the sleep, or a signal came.
rest() {
  sleep "$1" 3>&- &
  nap=$!
  wait "$nap" 2>/dev/null
}

# --- one connection

# Makes the folder for two named pipes, in memory where there is such a place: it is writable in a container
# with a read-only root as well. It is gone again as soon as they are open.
make_folder() {
  for place in /dev/shm "${TMPDIR:-/tmp}"; do
    folder=$(mktemp -d "$place/notifier.XXXXXX" 2>/dev/null) && mkfifo "$folder/to" "$folder/from" && return 0
  done
  say "Cannot make named pipes in /dev/shm nor in ${TMPDIR:-/tmp}: make one of them writable"
  exit 1
}

# Connects: 3 is the way to the listener, 4 the way back (and that of nc's own complaints). 5 is the end of the
# way that nc reads: what nc did not take, because it never got through, is still to be read there. A pipe is
# opened for both directions first, since opening one end alone waits for the other.
# shellcheck disable=SC2094
dial() {
  make_folder
  exec 3<>"$folder/to" 4<>"$folder/from" 5<"$folder/to"
  exec 3>"$folder/to" 6>"$folder/from" 4<"$folder/from"
  rm -r "$folder"
  nc "$host" "$port" <&5 >&6 2>&6 3>&- 4<&- &
  nc=$!
  exec 6>&-
}

# Waits for the next answer: sets `answer` to ok, no, over (the connection), unknown (the name), broken (nc does not
# run) or late.
hear() {
  sleep "$patience" 3>&- &
  nap=$!
  (
    line=$(head -n 1 <&4)
    kill -KILL "$nap" 2>/dev/null
    case $line in
    ok) exit 10 ;;
    no) exit 11 ;;
    *'nc: not found'* | *'nc: command not found'* | *'nc: inaccessible or'* | *'nc: Permission denied'*) code=15 ;;
    *'bad address'* | *'not known'* | *'resolution'*) code=12 ;;
    *) code=13 ;;
    esac
    # The complaint of nc, or of the shell that could not run it, for the user who asks.
    [ -z "$ping" ] || [ -z "$line" ] || say "Received: $line"
    exit "$code"
  ) 3>&- &
  ear=$!
  # 128 + KILL: the ear has heard something. Else the time is over, or a second signal wants an end now.
  wait "$nap" 2>/dev/null
  [ $? -eq 137 ] || kill -KILL "$ear" 2>/dev/null
  wait "$ear" 2>/dev/null
  case $? in
  10) answer=ok ;;
  11) answer=no ;;
  12) answer=unknown ;;
  13) answer=over ;;
  15) answer=broken ;;
  *) answer=late ;;
  esac
  end "$nap"
  nap='' ear=''
}

# Ends the connection. Yes when all that was said on it was sent.
hang_up() {
  exec 3>&- 4<&-
  end "$nc"
  nc=
  unsent=$(cat <&5)
  exec 5<&-
  [ -z "$unsent" ]
}

# Says a message on a connection of its own, as the original's notifier does: one line, then the end of it. Yes
# when it was sent; then `answer` is ok if a listener of ours has it.
tell() {
  dial
  echo "$1" >&3
  exec 3>&-
  hear
  hang_up && report "$1"
}

report() {
  case $answer in
  ok) say "Said $1 to $listener: it answered ok" ;;
  *) say "Said $1 to $listener: it gave no answer" ;;
  esac
}

# Says why a message could not be said, and what to look at.
explain() {
  case $answer in
  unknown) check="nobody knows that name; run this container with --add-host $host:host-gateway" ;;
  broken) check="nc does not run in this image; build it from another" ;;
  late) check="no reply at all; does a firewall on the host drop what containers send?" ;;
  *) check="does docker-lifecycle-listener run there, with this port, and listen on Docker's bridge?" ;;
  esac
  say "Nobody listens at $listener ($check): $1"
}

# Asks the listener to hold a connection. Yes when it does; then it stays open.
hold() {
  dial
  echo hold >&3
  hear
  if [ "$answer" = ok ]; then
    say "$listener holds a connection: it will see the end of this container even without a stop"
    return 0
  fi
  hang_up
  [ "$answer" = over ] || say "$listener does not hold a connection: it gets the message stop and nothing else"
  return 1
}

# --- the life of it

# Says start until somebody hears it, and has a connection held if that somebody can. Yes when it is held. `$1`
# is `once` for the first time, when trying ends after `retry` seconds, and `again` when a listener of ours came
# and went: then the pauses grow instead, so that trying costs nothing in the long run.
announce() {
  tried=0 pause=1
  while :; do
    if tell start; then
      if [ "$answer" = ok ]; then
        known=yes
        hold && return
      fi
      # Who closes without an answer is a proxy with nobody behind it, if it was our listener's place before;
      # else it may be the original's, which must not be told twice.
      [ "$answer" = over ] && [ -n "$known" ] || return 1
    fi
    if [ $tried -ge "$retry" ]; then
      [ "$1" = again ] || break
      pause=$((pause * 2))
      [ $pause -le $longest_pause ] || pause=$longest_pause
    fi
    [ $tried -gt 0 ] || explain 'trying again'
    rest $pause
    tried=$((tried + pause))
    [ "$answer" != late ] || tried=$((tried + patience))
  done
  explain "gave up after $tried s, and will say stop all the same"
  return 1
}

# Ends all this: says stop, on the held connection if there is one.
farewell() {
  # Not ignored, for children would ignore them too; and a second signal still ends a wait.
  trap : HUP INT TERM
  say "$1 received: saying stop to $listener"
  if [ -n "$held" ]; then
    echo stop >&3
    hear
    if hang_up && [ "$answer" != over ]; then
      report stop
      exit 0
    fi
  else
    # `$!` is among them, or was begun this instant and has no name yet.
    # shellcheck disable=SC2086 # what has ended has no name
    end $ear $nap $nc $!
    # A listener that never answered will not answer now: Docker is not kept waiting for it.
    [ -n "$known" ] || patience=1
  fi
  tell stop || explain 'it is not told of the stop'
  exit 0
}

known='' held=''
trap : PIPE

if [ -n "$ping" ]; then
  tell ping || explain 'a message would not arrive'
  case $answer in
  ok) exit 0 ;;
  unknown) exit 12 ;;
  late) exit 14 ;;
  broken) exit 15 ;;
  *) exit 13 ;;
  esac
fi

trap 'farewell HUP' HUP
trap 'farewell INT' INT
trap 'farewell TERM' TERM

say "Telling $listener when Docker starts and stops"
announce once && held=yes
while [ -n "$held" ]; do
  wait "$nc" 2>/dev/null
  held=
  hang_up
  say "$listener ended the connection"
  announce again && held=yes
done
while :; do rest $forever; done
