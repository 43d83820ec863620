// Prints each start and each stop of Docker until Ctrl-C: `node watch.mjs`, in a folder where
// `npm install docker-lifecycle-listener` was run. Which engine: as for `docker`, by DOCKER_HOST and its kin.
import { watchEngines } from 'docker-lifecycle-listener';

const ending = new AbortController();
process.once('SIGINT', () => ending.abort());

const watch = watchEngines({ signal: ending.signal });
for (const { url } of watch.engines) console.error(`Watching ${url}`);

for await (const { engine, event, reason, time } of watch) {
  console.log(`${time.toISOString()} ${engine}: ${event} (${reason})`);
}
