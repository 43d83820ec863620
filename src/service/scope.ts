import { join } from 'node:path';
import { controlSocket, productName } from './layout.ts';

/** The owner of the service: the system or one user. */
export type Scope =
  | { readonly kind: 'system' }
  /** A user's own: run by that user's manager of systemd, or by launchd as an agent; nothing of it is root's. */
  | UserScope;

export interface UserScope {
  readonly kind: 'user';
  readonly uid: number;
  readonly home: string;
  /**
   * The user's folders for settings, for what is kept, and for sockets: those of the XDG Base Directory Specification,
   * or of macOS.
   */
  readonly config: string;
  readonly state: string;
  readonly runtime: string;
}

export const systemScope: Scope = { kind: 'system' };

/** Returns the user's folders from the environment; undefined outside a login, where there is no user manager. */
export function userScope(uid: number, home: string, environment: NodeJS.ProcessEnv): UserScope | undefined {
  const { XDG_RUNTIME_DIR: runtime } = environment;
  if (!runtime?.startsWith('/')) return undefined;
  // XDG Base Directory Specification: a relative path is ignored.
  const folder = (given: string | undefined, usual: string) =>
    given?.startsWith('/') ? given : join(home, usual);
  return {
    kind: 'user',
    uid,
    home,
    config: folder(environment.XDG_CONFIG_HOME, '.config'),
    state: folder(environment.XDG_STATE_HOME, '.local/state'),
    runtime,
  };
}

/** The same of a user of macOS, who needs no manager of their own: launchd is there for all. */
export function agentScope(uid: number, home: string): UserScope {
  const library = join(home, 'Library', 'Application Support');
  return { kind: 'user', uid, home, config: join(home, '.config'), state: library, runtime: library };
}

/** Returns the user whose files the service may use beside root's. */
export function ownerOf(scope: Scope): number {
  return scope.kind === 'user' ? scope.uid : 0;
}

/** The folder of the state of a service, where the manifest is too: the same whatever the prefix. */
export function stateFolder(platform: NodeJS.Platform, scope: Scope = systemScope): string {
  if (scope.kind === 'user') return join(scope.state, productName);
  return join(platform === 'darwin' ? '/var/db' : '/var/lib', productName);
}

export function manifestPath(platform: NodeJS.Platform, scope: Scope = systemScope): string {
  return join(stateFolder(platform, scope), 'installed.json');
}

/** Returns the service's control socket for a shell in one of its units, in double quotes. */
export function controlSocketInShell(scope: Scope): string {
  return scope.kind === 'user' ? `$XDG_RUNTIME_DIR/${productName}/control.sock` : controlSocket;
}

/** The first words of a command to the manager of systemd that runs the service. */
export function systemctl(scope: Scope): string[] {
  return scope.kind === 'user' ? ['systemctl', '--user'] : ['systemctl'];
}

/** The same for its log, and for a person to type. */
export function journalctl(scope: Scope): string[] {
  return scope.kind === 'user' ? ['journalctl', '--user'] : ['journalctl'];
}

/** Options of `journalctl` for what we show of the service's log: each line's time, identifier and text. */
export const journalForm = ['--quiet', '--no-pager', '--no-hostname', '--output=short-iso-precise'] as const;

/** Returns the command that installs or upgrades the service. */
export function installCommand(scope: Scope): string {
  return `${productName} install${scope.kind === 'user' ? ' --user' : ''}`;
}
