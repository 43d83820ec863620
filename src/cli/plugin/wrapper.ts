import { quote } from '../../system/shell-quote.ts';
import { version } from '../../version.ts';
import { metadataWord, pluginWord } from './call.ts';

/** The paths by which a wrapper finds the program. */
export interface ProgramPaths {
  readonly node: string;
  readonly program: string;
}

/**
 * The file that Docker runs as its plugin. It answers by itself what Docker asks of every plugin for each
 * `docker --help`, `docker info` and completion: those are not to wait for a Node to start.
 * @param writtenBy the command that writes it again
 */
export function wrapperText({ node, program }: ProgramPaths, writtenBy: string): string {
  return `#!/bin/sh
# Written by: ${writtenBy}
if [ "$1" = ${metadataWord} ]; then
  echo ${quote(metadata())}
  exit
fi
if [ -x ${quote(node)} ] && [ -r ${quote(program)} ]; then
  exec ${quote(node)} ${quote(program)} ${pluginWord} "$@"
fi
# Node or the program has moved since.
if command -v docker-lifecycle-listener >/dev/null 2>&1; then
  exec docker-lifecycle-listener ${pluginWord} "$@"
fi
printf 'docker lifecycle: %s is not there any more\\n' ${quote(program)} >&2
printf '  Install it again, then run: %s\\n' ${quote(writtenBy)} >&2
exit 69
`;
}

/**
 * The metadata of a plugin for Docker (its cli-plugins/metadata), as one line of JSON.
 * `docker --help` shows the description, and an asterisk with the name.
 */
export function metadata(): string {
  return JSON.stringify({
    SchemaVersion: '0.1.0',
    Vendor: 'docker-lifecycle-listener',
    Version: version,
    ShortDescription: 'Run scripts when Docker starts and stops',
  });
}
