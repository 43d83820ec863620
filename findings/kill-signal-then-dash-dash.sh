#!/bin/bash
# `kill -TERM -- PID` signals the process in bash 5.2 and mksh 59c, and is refused by the kill of dash 0.5.12 and of
# busybox 1.35, which take `--` for a process. `kill -s TERM -- PID` works in three of the four. A hook that ends a
# process group with `kill -TERM -- -PGID` and begins with #!/bin/sh so does nothing on Debian, where sh is dash.
#
# Expected from POSIX (kill follows the Utility Syntax Guidelines, in which `--` ends the options): 0 everywhere.
# Seen on Debian 12. Fails when that changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq -o APT::Sandbox::User=root download dash=0.5.12-2 bash=5.2.15-2+b13 mksh=59c-28+deb12u1 busybox-static=1:1.35.0-4+deb12u1+b1
for package in *.deb; do dpkg-deb -x "$package" root; done

# outcome SHELL... : the exit codes of both forms, each on a process of its own
outcome() {
  "$@" -c '
    sleep 60 & kill -TERM -- $! 2>/dev/null; first=$?
    kill -9 $! 2>/dev/null
    sleep 60 & kill -s TERM -- $! 2>/dev/null; second=$?
    kill -9 $! 2>/dev/null
    echo "$first $second"'
}

seen="dash $(outcome root/bin/dash)
bash $(outcome root/bin/bash)
mksh $(outcome root/bin/mksh)
busybox $(outcome root/bin/busybox sh)"
expected="dash 2 0
bash 0 0
mksh 0 0
busybox 1 1"
echo "$seen"
[ "$seen" = "$expected" ] || { printf 'That has changed; it was:\n%s\n' "$expected"; exit 1; }
