import { join } from 'node:path';
import { type Layout, productName } from '../service/layout.ts';
import { distrustOf } from '../service/places.ts';
import { ownerOf, type Scope } from '../service/scope.ts';
import type { Wanted } from '../service/wanted.ts';
import { completionPlaces, completionScript, shells } from './completion/scripts.ts';
import { pluginFile } from './plugin/call.ts';
import { wrapperText } from './plugin/wrapper.ts';

/**
 * Files for Docker, shells and man, which all look below /usr/local by themselves. Root writes nothing where another user
 * could change a folder on the way.
 */
export function shellFiles(layout: Layout, scope: Scope, manual: string): Wanted[] {
  const distrust = distrustOf(ownerOf(scope));
  return everyShellFile(layout, scope, `${productName} install`, manual).filter(
    ({ path }) => distrust(path) === undefined,
  );
}

/**
 * The same, whatever is on this machine.
 * @param writtenBy the command that writes them again
 */
export function everyShellFile(
  { prefix, node, program }: Layout,
  scope: Scope,
  writtenBy: string,
  manual: string,
): Wanted[] {
  const file = (place: string, content: string, reason: string, mode = 0o644): Wanted => ({
    kind: 'file',
    path: join(prefix, place),
    mode,
    content,
    editable: true,
    reason,
  });
  return [
    // Below a user's prefix docker does not look for any: `plugin install` knows where.
    ...(scope.kind === 'user'
      ? []
      : [
          file(
            `lib/docker/cli-plugins/${pluginFile}`,
            wrapperText({ node, program }, writtenBy),
            'makes it a command of docker: docker lifecycle',
            0o755,
          ),
        ]),
    ...shells.map((shell) =>
      file(completionPlaces[shell], completionScript(shell), `completes the command in ${shell}`),
    ),
    file(`share/man/man1/${productName}.1`, manual, 'the manual page'),
  ];
}
