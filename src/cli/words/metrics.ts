import type { MetricsReport } from '../../metrics/report.ts';
import { addressAndPort, info, type WordsFor, warning } from './words.ts';

/** What becomes of the port for metrics. */
export const metricsWords: WordsFor<MetricsReport> = {
  'metrics-listening': ({ address, port }) =>
    info(`Metrics are at http://${addressAndPort(address, port)}/metrics`),
  'metrics-not-listening': ({ address, port, code }) =>
    warning(`No metrics at ${addressAndPort(address, port)}: ${whyNot(code, port)}. It is tried again`),
};

function whyNot(code: string, port: number): string {
  switch (code) {
    case 'EADDRINUSE':
      return `another program listens there. See which: ss -ltnp 'sport = :${port}'`;
    case 'EACCES':
      return 'ports below 1024 are for root';
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return 'this machine has no such address now. See: ip address';
    default:
      return code;
  }
}
