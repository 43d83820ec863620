import type { FullAccount } from '../system/account.ts';

/** What is started for a hook: mostly itself. */
export interface Command {
  readonly program: string;
  readonly words: readonly string[];
  readonly credentials: { readonly uid?: number; readonly gid?: number };
}

/** From util-linux. It becomes the hook by exec, so that pid, session and `$0` are those of the hook. */
export const groupSetter = '/usr/bin/setpriv';

/**
 * How a hook is started as another user. Node (libuv) drops all further groups of a process that it gives to
 * somebody else, so where there are some (`docker`, mostly) Linux' setpriv(1) is asked to set them.
 */
export function commandFor(
  path: string,
  words: readonly string[],
  user: FullAccount | undefined,
  platform: NodeJS.Platform = process.platform,
): Command {
  if (user === undefined) return { program: path, words, credentials: {} };
  const { uid, gid, groups } = user;
  if (groups.length === 0 || platform !== 'linux') return { program: path, words, credentials: { uid, gid } };
  const credentials = [`--reuid=${uid}`, `--regid=${gid}`, `--groups=${[gid, ...groups].join(',')}`];
  return { program: groupSetter, words: [...credentials, '--', path, ...words], credentials: {} };
}
