import type { EmbeddedEngineOptions } from '../../demo/embedded-engine.ts';
import { exitCode } from '../../system/user-error.ts';
import type { Command } from '../command.ts';
import { usage } from '../options.ts';

/** The engine that the demo and the tests play on. */
export const embeddedEngine: Command<EmbeddedEngineOptions> = {
  name: 'embedded-engine',
  calls: [['SOCKET PIDFILE', 'run the engine of the demo']],
  options: [],
  examples: [],
  read(_, [socket, pidfile, generation, startupMs = '300', shutdownMs = '300']) {
    if (socket === undefined || pidfile === undefined)
      throw usage('embedded-engine takes a socket and a pid file');
    return {
      socket,
      pidfile,
      generation: generation === '20' ? 20 : generation === '29' ? 29 : 26,
      startupMs: Number(startupMs),
      shutdownMs: Number(shutdownMs),
    };
  },
  async run(options) {
    (await import('../../demo/embedded-engine.ts')).runEmbeddedEngine(options);
    return exitCode.done;
  },
};
