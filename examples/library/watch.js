// Prints each start and each stop of Docker until Ctrl-C: `node watch.js`, in a folder where
// `npm install docker-lifecycle-listener` was run. Which engine: as for `docker`, by DOCKER_HOST and its kin.
import { watchEngines } from 'docker-lifecycle-listener';

const ending = new AbortController();
process.once('SIGINT', () => ending.abort());

const watch = watchEngines({ signal: ending.signal });
for (const { name, url } of watch.engines) console.error(`Watching ${name} at ${url}`);

for await (const { engine, event, reason, time } of watch) {
  console.log(`${time.toISOString()} ${engine}: ${event} (${reason})`);
}
