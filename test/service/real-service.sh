#!/bin/bash
# Makes a service of the program on this very system, has it work, and takes it away again: for a machine that may be
# spoilt, as root. An embedded engine stands in for Docker, so that it needs none; and it is the same for every supervisor.
# Usage: real-service.sh NODE PROGRAM
set -euo pipefail

node=$1
bundle=$2
name=docker-lifecycle-listener
settings=/etc/$name.toml
work=$(mktemp -d)
engine=

program() { "$node" "$bundle" "$@"; }

say() { printf '\n=== %s\n' "$*"; }

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# eventually WORDS...: waits until they succeed.
eventually() {
  local left=300
  until "$@"; do
    [ $((left -= 1)) -gt 0 ] || fail "waited in vain for: $*"
    sleep 0.2
  done
}

# ran LINE...: what the hooks have counted so far is this, once it is so much.
ran() {
  eventually has_lines $#
  local wanted
  wanted=$(printf '%s\n' "$@")
  [ "$(cat "$work/runs")" = "$wanted" ] || fail "the hooks ran otherwise:$(printf '\n%s' "$(cat "$work/runs")")"
}
has_lines() { [ "$(wc -l <"$work/runs")" -ge "$1" ]; }

# Everything that is called as we are, but for what was there for this test.
traces() {
  find /etc/ /usr/local/ /opt/ /var/lib/ /var/db/ /var/log/ /Library/LaunchDaemons/ -maxdepth 4 \
    -name "*docker-lifecycle*" -prune -print 2>/dev/null | sort || true
}

start_engine() {
  # Not by way of a function, whose shell would be what is signalled. Whoever reads our output does not wait for it.
  "$node" "$bundle" embedded-engine "$work/docker.sock" "$work/docker.pid" 26 300 300 >/dev/null 2>&1 &
  engine=$!
}

# end_engine SIGNAL
end_engine() {
  kill "-$1" "$engine"
  wait "$engine" || true
  engine=
}

pid() {
  case $(uname) in
    Darwin) launchctl print "system/$name" | awk '$1 == "pid" && !seen++ { print $3 }' ;;
    *) systemctl show --property=MainPID --value "$name" ;;
  esac
}

restart() {
  case $(uname) in
    Darwin) launchctl kickstart -k "system/$name" ;;
    *) systemctl restart "$name" ;;
  esac
}

is_another() { [ -n "$(pid)" ] && [ "$(pid)" != 0 ] && [ "$(pid)" != "$1" ]; }

answers() { "$command" status >/dev/null 2>&1; }

# In whatever way it ends: no engine is left, and what the log says is seen.
at_end() {
  local status=$?
  [ -z "$engine" ] || kill -KILL "$engine" || true
  if [ $status -ne 0 ]; then
    say 'Its log'
    tail -n 50 "/var/log/$name.log" 2>/dev/null || journalctl --unit "$name" --lines 50 --no-pager || true
  fi
  rm -rf "$work"
}

main() {
  [ "$(id -u)" = 0 ] || fail 'this is for root'
  [ ! -e "$settings" ] || fail "there is a $settings: this is no machine to be spoilt"
  trap at_end EXIT
  touch "$work/runs"
  traces >"$work/before"
  printf 'hosts = ["unix://%s/docker.sock"]\npidfile = "%s/docker.pid"\nnotifier = "off"\n' "$work" "$work" >"$settings"

  say 'Install'
  program install --dry-run
  program install --yes | tee "$work/installed"
  hooks=$(sed -n 's,^Your hooks: \(.*\)/on_start.*,\1,p' "$work/installed")
  command=/usr/local/bin/$name
  [ -x "$command" ] || command=/opt/$name/bin/$name
  [ -n "$hooks" ] || fail 'install does not say where hooks go'
  [ -x "$command" ] || fail 'there is no command'
  for event in start stop; do
    # shellcheck disable=SC2016 # The hook is to see the variable.
    printf '#!/bin/sh\necho "%s $DOCKER_LIFECYCLE_REASON" >>%s/runs\n' $event "$work" >"$hooks/on_$event/10-count"
    chmod 755 "$hooks/on_$event/10-count"
  done

  say 'What root runs belongs to root'
  lib=$(dirname "$(dirname "$command")")/lib/$name
  [ -x "$lib/current/node" ] || fail "there is no Node in $lib"
  [ -z "$(find "$lib" "$command" \( ! -user 0 -o -perm -020 -o -perm -002 \) ! -type l -print)" ] || fail 'not all of it'

  say 'The engine starts, and is up'
  start_engine
  ran 'start engine-started'
  eventually answers
  "$command" status
  "$command" doctor

  say 'It stops, starts, and is killed'
  end_engine TERM
  ran 'start engine-started' 'stop shutdown'
  start_engine
  ran 'start engine-started' 'stop shutdown' 'start engine-started'
  end_engine KILL
  ran 'start engine-started' 'stop shutdown' 'start engine-started' 'stop crash'
  start_engine
  local runs=('start engine-started' 'stop shutdown' 'start engine-started' 'stop crash' 'start engine-started')
  ran "${runs[@]}"

  say 'The listener is restarted, and killed: no hook runs for that'
  local before
  before=$(pid)
  restart
  eventually is_another "$before"
  eventually answers
  before=$(pid)
  kill -KILL "$before"
  eventually is_another "$before"
  eventually answers
  ran "${runs[@]}"

  say 'An upgrade'
  mkdir "$work/newer"
  cp -R "$(dirname "$bundle")/." "$work/newer"
  echo '{ "type": "module" }' >"$work/newer/package.json"
  local file version
  version=$(program --version)
  for file in "$work/newer"/*.js "$work/newer"/parts/*.js; do
    sed "s/\"$version\"/\"9.9.9\"/" "$file" >"$work/edited"
    cat "$work/edited" >"$file"
  done
  "$node" "$work/newer/$name.js" install --yes
  [ "$("$command" --version)" = 9.9.9 ] || fail 'the new version does not count'
  eventually answers
  "$command" doctor
  end_engine TERM
  ran "${runs[@]}" 'stop shutdown'

  if [ "$(uname)" = Darwin ]; then
    say 'The log'
    tail -n 5 "/var/log/$name.log"
    [ "$(stat -f '%Lp %Su' "/var/log/$name.log")" = '640 root' ] || fail 'it is not for root alone to write'
  fi

  say 'Uninstall'
  "$node" "$work/newer/$name.js" uninstall --dry-run
  "$node" "$work/newer/$name.js" uninstall --yes --purge
  program uninstall
  traces | diff "$work/before" - || fail 'it leaves that behind'
  ! pid 2>/dev/null | grep -q '[1-9]' || fail 'the service is still there'
  say 'As it should be'
}

# Nothing in it reads what this script is read from.
main </dev/null
