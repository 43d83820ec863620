// The engine of the demo as a process of its own. Arguments: SOCKET PIDFILE GENERATION STARTUP_MS SHUTDOWN_MS.
// A file of its own starts in half the time of the whole program.
import { generationOf, runEmbeddedEngine } from '../../src/demo/embedded-engine.ts';

const [socket = '', pidfile = '', generation, startupMs, shutdownMs] = process.argv.slice(2);
runEmbeddedEngine({
  socket,
  pidfile,
  generation: generationOf(generation),
  startupMs: Number(startupMs),
  shutdownMs: Number(shutdownMs),
});
