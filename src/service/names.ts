/** What everything of ours is called: folders, units, the command. */
export const productName = 'docker-lifecycle-listener';

/** The unit that runs the listener. */
export const serviceUnit = `${productName}.service`;

/** The unit that is stopped before Docker is, and has on_stop run meanwhile. */
export const companionUnit = 'docker-lifecycle-companion.service';

/** The notifier's container, and its image. */
export const notifierContainer = 'docker-lifecycle-notifier';

/** Where the listener answers, as long as it runs as a service of systemd. */
export const controlSocket = `/run/${productName}/control.sock`;

/** What could make Node, or a shell, run somebody else's code; where the environment of a service manager has it. */
export const unwantedVariables = [
  ...['NODE_OPTIONS', 'NODE_PATH', 'NODE_REPL_EXTERNAL_MODULE'],
  ...['LD_PRELOAD', 'LD_LIBRARY_PATH', 'LD_AUDIT', 'BASH_ENV', 'ENV'],
] as const;
