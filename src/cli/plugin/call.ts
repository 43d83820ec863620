import { basename, dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { exitCode, UserError } from '../../system/user-error.ts';

/** The caller of this program: a shell by its name, or Docker as its plugin. */
type Call =
  | { readonly by: 'name'; readonly words: readonly string[] }
  | { readonly by: 'docker'; readonly words: readonly string[]; readonly globals: DockerGlobals }
  /** Docker asks whether this is a plugin, and which. */
  | { readonly by: 'docker-asking' };

/** The options that stand before a plugin's name: they belong to `docker` itself, and are meant for every command. */
export interface DockerGlobals {
  readonly host?: readonly string[];
  readonly context?: readonly string[];
  /** The folder of the CLI's settings. */
  readonly config?: string;
  readonly tls?: boolean;
  readonly tlsverify?: boolean;
  readonly tlscacert?: string;
  readonly tlscert?: string;
  readonly tlskey?: string;
}

/** The plugin's name below `docker`. */
const pluginName = 'lifecycle';

/** The file that Docker looks for. */
export const pluginFile = `docker-${pluginName}`;

/** The word before all others by which a wrapper says that Docker has called it. */
export const pluginWord = 'docker-cli-plugin';

/** The one word with which Docker calls each plugin to learn what it is. */
export const metadataWord = 'docker-cli-plugin-metadata';

/** The words with which completions are asked for, of Docker's plugins as of our own program. */
export const completionWords: readonly string[] = ['__complete', '__completeNoDesc'];

/**
 * Tells how this program was called. Docker runs a plugin with its own command line as it is, global options and
 * the plugin's name included: `docker -c far lifecycle status` becomes `docker-lifecycle -c far lifecycle status`,
 * `docker help lifecycle` becomes `docker-lifecycle help lifecycle` (seen with 20.10, 26.1 and 28.5).
 * @param argv as `process.argv`
 */
export function readCall([, program = '', ...words]: readonly string[]): Call {
  const isWrapped = words[0] === pluginWord;
  if (!isWrapped && basename(program) !== pluginFile) return { by: 'name', words };
  const given = isWrapped ? words.slice(1) : words;
  const [first = '', ...rest] = given;
  if (first === metadataWord) return { by: 'docker-asking' };
  if (completionWords.includes(first)) {
    return { by: 'docker', words: [first, ...withoutName(rest)], globals: {} };
  }
  return byDocker(given);
}

/** Docker itself asks with the plugin's name, its script for bash without it. */
function withoutName(words: readonly string[]): readonly string[] {
  return words[0] === pluginName && words.length > 1 ? words.slice(1) : words;
}

function byDocker(given: readonly string[]): Call {
  const { tokens } = parseArgs({ args: [...given], options: globalOptions, strict: false, tokens: true });
  const positionals = tokens.filter(({ kind }) => kind === 'positional');
  const name = positionals[0]?.index ?? given.length;
  // Read again without what is behind the name: that is not Docker's.
  const { values } = parseArgs({ args: given.slice(0, name), options: globalOptions, strict: false });
  const { help, ...globals } = values as DockerGlobals & { readonly help?: boolean };
  const own = given.slice(name + 1);
  if (given[name] === 'help') return { by: 'docker', words: ['help', ...own.slice(1)], globals };
  const isEmpty = own.length === 0 || help === true;
  return { by: 'docker', words: isEmpty ? ['help', ...own] : own, globals };
}

const globalOptions = {
  config: { type: 'string' },
  context: { type: 'string', short: 'c', multiple: true },
  host: { type: 'string', short: 'H', multiple: true },
  'log-level': { type: 'string', short: 'l' },
  tlscacert: { type: 'string' },
  tlscert: { type: 'string' },
  tlskey: { type: 'string' },
  tls: { type: 'boolean' },
  tlsverify: { type: 'boolean' },
  debug: { type: 'boolean', short: 'D' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** The name by which the user has called this program. */
export function calledAs(argv: readonly string[] = process.argv): string {
  return readCall(argv).by === 'name' ? 'docker-lifecycle-listener' : `docker ${pluginName}`;
}

/**
 * Docker's own options as variables of the environment, where the rest of the program reads them by Docker's own rules;
 * undefined removes a variable. The engine is not among them: the command reads it.
 * @throws UserError with exit code 64 for TLS files that only Docker itself can take
 */
export function environmentOf(globals: DockerGlobals): { readonly [variable: string]: string | undefined } {
  const { config, tls, tlsverify } = globals;
  const folder = tlsFolder(globals);
  return {
    ...(config !== undefined && { DOCKER_CONFIG: config }),
    ...(folder !== undefined && { DOCKER_CERT_PATH: folder }),
    ...(tlsverify && { DOCKER_TLS_VERIFY: '1' }),
    ...(tls && !tlsverify && { DOCKER_TLS: '1', DOCKER_TLS_VERIFY: undefined }),
  };
}

/** The one folder that holds the files, under the names that Docker itself gives them. */
function tlsFolder({ tlscacert, tlscert, tlskey }: DockerGlobals): string | undefined {
  const given = [
    { path: tlscacert, name: 'ca.pem' },
    { path: tlscert, name: 'cert.pem' },
    { path: tlskey, name: 'key.pem' },
  ].filter((file): file is { path: string; name: string } => file.path !== undefined);
  const [first] = given;
  if (first === undefined) return undefined;
  const folder = dirname(first.path);
  if (given.every(({ path, name }) => basename(path) === name && dirname(path) === folder)) return folder;
  throw new UserError(
    exitCode.usage,
    'The TLS files are not ca.pem, cert.pem and key.pem of one folder',
    'Put them into a context, and give that: docker context create --help',
  );
}

/**
 * Ends this process as soon as Docker's own is asked to end, as by `kill`: it passes no signal on, but closes
 * a socket whose name it gave to its plugin (from 25.0 on; docker/cli, cli-plugins/socket). On Linux that name is an
 * abstract one, which Node 20 pads to another (seen with 20.20; not with 22 and 24): there nothing comes of it.
 */
export async function endWithDocker(environment: NodeJS.ProcessEnv = process.env): Promise<void> {
  const name = environment.DOCKER_CLI_PLUGIN_SOCKET;
  if (!name) return;
  const { connect } = await import('node:net');
  // Go writes the zero byte of an abstract socket's name as an at sign.
  const socket = connect(name.replace(/^@/, '\0'));
  socket.unref();
  let isHeld = false;
  socket.on('connect', () => {
    isHeld = true;
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    if (isHeld) process.kill(process.pid, 'SIGTERM');
  });
  socket.resume();
}
