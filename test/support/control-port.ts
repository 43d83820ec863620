import { rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { ControlHost } from '../../src/listener/control/answer.ts';
import type { ControlReport } from '../../src/listener/control/protocol.ts';
import { startControlServer } from '../../src/listener/control/server.ts';
import type { HttpLimits } from '../../src/listener/http-server.ts';
import { makePrivateFolder } from './private-folder.ts';

/** A control socket with a host that answers what the test says. */
export interface ControlPort {
  readonly folder: string;
  readonly path: string;
  readonly reports: ControlReport[];
  /** Listens there once more; a test of what is there already. */
  open(limits?: Partial<HttpLimits>): Promise<void>;
  /** Says these bytes and waits for all of the answer. */
  say(bytes: string): Promise<string>;
  connect(): Promise<Socket>;
  end(): Promise<void>;
}

export const user = process.geteuid?.() ?? 0;

export function createControlPort(host: Partial<ControlHost> = {}, path?: string): ControlPort {
  const folder = makePrivateFolder('dll-control-', user, process.env);
  const socket = path ?? join(folder, 'run', 'control.sock');
  const reports: ControlReport[] = [];
  const ending = new AbortController();
  const closing: (() => Promise<void>)[] = [];
  const port: ControlPort = {
    folder,
    path: socket,
    reports,
    async open(limits) {
      const server = await startControlServer({
        path: socket,
        user,
        host: { status: () => ({ engines: [] }), ...host } as ControlHost,
        report: (report) => reports.push(report),
        signal: ending.signal,
        ...(limits && { limits }),
      });
      closing.push(server.close);
    },
    async say(bytes) {
      const client = await port.connect();
      let answer = '';
      client.setEncoding('utf8').on('data', (text: string) => {
        answer += text;
      });
      client.write(bytes);
      await new Promise((resolve) => client.once('close', resolve));
      return answer;
    },
    connect: () =>
      new Promise((resolve, reject) => {
        const client = connect(socket, () => resolve(client));
        client.on('error', reject);
      }),
    async end() {
      ending.abort();
      await Promise.all(closing.map((close) => close()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return port;
}
