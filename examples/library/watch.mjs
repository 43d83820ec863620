// Prints each start and each stop of Docker until Ctrl-C: `node watch.mjs`, in a folder where the file that `npm pack`
// makes was installed: `npm install PATH/docker-lifecycle-listener-0.1.0.tgz`. Which engine: as for `docker`, by DOCKER_HOST,
// DOCKER_CONTEXT or `docker context use`.
import { watchEngines } from 'docker-lifecycle-listener';

const ending = new AbortController();
process.once('SIGINT', () => ending.abort());

const watch = watchEngines({ signal: ending.signal });
for (const { url } of watch.engines) console.error(`Watching ${url}`);

for await (const { engine, event, reason, time } of watch) {
  console.log(`${time.toISOString()} ${engine}: ${event} (${reason})`);
}
