import { cpus, loadavg, release, totalmem } from 'node:os';

/** What the figures of a run depend on, in one line, without the machine's name. */
export function describeMachine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} cores (${cpu?.model.trim() ?? 'unknown'}), ${memory} GiB, Linux ${release()}, Node ${process.version}`;
}

/** How busy the machine is with other things: figures under load are worth less. */
export function describeLoad(): string {
  return `load ${loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')}`;
}
