// Calls a function whenever Docker is up, and aborts what it began when Docker goes.
import { watchEngines } from 'docker-lifecycle-listener';

/**
 * @param work is begun at each start; its signal is aborted at the stop that follows
 * @param signal ends it all
 */
export async function whileDockerIsUp(
  work: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let current = new AbortController();
  try {
    for await (const { event } of watchEngines({ signal })) {
      if (event === 'stop') {
        current.abort();
        continue;
      }
      current = new AbortController();
      // Not awaited: the loop must hear of the stop while this is at work.
      void work(current.signal).catch((error: unknown) => {
        if (!current.signal.aborted) console.error(error);
      });
    }
  } finally {
    current.abort();
  }
}
