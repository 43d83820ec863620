import { networkInterfaces } from 'node:os';
import { interfaceAddresses } from '../system/addresses.ts';

/** The bridge that Docker makes for its containers: `host-gateway` is its address. */
const dockerBridge = 'docker0';

/** Where notifiers may connect by default: loopback, and Docker's bridge where there is one; nowhere else. */
export function listenAddresses(): string[] {
  const loopback = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .some(({ address }) => address === '::1');
  return ['127.0.0.1', ...(loopback ? ['::1'] : []), ...interfaceAddresses(dockerBridge)];
}
