// Runs commands of the built program in one process: evaluates its file anew for each message `{ program, words,
// environment }` and answers with an `Ended`. That takes 50 ms of processor time, where a process takes 250.
import { pathToFileURL } from 'node:url';

let count = 0;
const own = { env: { ...process.env }, exit: process.exit };
const listened = [process, process.stdout, process.stderr];

process.on('disconnect', () => own.exit());
// A command that has ended may have left a timer or a promise behind, which a process would have taken along.
process.on('uncaughtException', () => {});
process.on('unhandledRejection', () => {});
process.on('message', async ({ program, words, environment }) => {
  const before = listened.map((emitter) =>
    emitter.eventNames().map((name) => [name, emitter.listeners(name)]),
  );
  const written = { output: '', errors: '' };
  let isOver = false;
  const restore = [collect(process.stdout, 'output'), collect(process.stderr, 'errors')];
  process.argv = [process.execPath, program, ...words];
  setEnvironment(environment);
  process.exitCode = undefined;
  const ended = new Promise((resolve) => {
    // The program has ended, whatever it still waits for.
    process.exit = (code = process.exitCode) => {
      isOver = true;
      resolve(code);
      throw new Error('ended by process.exit');
    };
  });
  count += 1;
  const evaluated = import(`${pathToFileURL(program)}?${count}`).then(() => process.exitCode);
  const code = (await Promise.race([ended, evaluated.catch(() => ended)])) ?? 0;
  for (const listener of process.listeners('exit')) listener(code);
  setEnvironment(own.env);
  process.exit = own.exit;
  process.exitCode = undefined;
  for (const give of restore) give();
  listened.forEach((emitter, at) => {
    for (const name of emitter.eventNames()) {
      const kept = before[at].find(([one]) => one === name)?.[1] ?? [];
      for (const listener of emitter.listeners(name))
        if (!kept.includes(listener)) emitter.removeListener(name, listener);
    }
  });
  process.send({ code, signal: null, ...written });

  /** Collects what is written to a stream; returns what gives it back its own way to write. */
  function collect(stream, to) {
    const { write } = stream;
    stream.write = (text, ...rest) => {
      if (!isOver) written[to] += text;
      const done = rest.at(-1);
      if (typeof done === 'function') setImmediate(callQuietly, done);
      return true;
    };
    return () => {
      stream.write = write;
    };
  }
});

/** Sets the variables themselves, as those that the system's own functions read: HOME, TZ. */
function setEnvironment(environment) {
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
}

/** Calls what may end the program. */
function callQuietly(done) {
  try {
    done();
  } catch {}
}
