#!/bin/sh
# Runs the tests; the original's name for `npm test`.
set -eu
cd "$(dirname "$0")"
[ -d node_modules ] || npm ci
exec npm test "$@"
