import { connect } from '@nats-io/transport-node';
import { setUp } from '../../src/fleet/admin.ts';
import { Broker } from '../../src/fleet/broker.ts';
import type { FleetHost } from '../../src/fleet/host.ts';
import type { FleetEvent } from '../../src/fleet/message.ts';
import { FleetPublisher } from '../../src/fleet/publisher.ts';
import type { FleetReport } from '../../src/fleet/report.ts';
import type { FleetSettings } from '../../src/listener/config/settings.ts';
import type { Journal } from '../../src/listener/journal/journal.ts';
import type { JournalStage } from '../support/journal-stage.ts';

export function fleetSettings(url: string, more: Partial<FleetSettings> = {}): FleetSettings {
  return {
    servers: [url],
    name: 'web-1',
    seedFile: undefined,
    credsFile: undefined,
    ca: undefined,
    publish: ['transitions', 'outcomes'],
    heartbeat: 1000,
    labels: {},
    ...more,
  };
}

/** Makes the stream and the buckets. */
export async function setUpFleet(settings: FleetSettings, dry = false) {
  const broker = await Broker.connect(settings, 'admin');
  try {
    return await setUp(broker, dry);
  } finally {
    await broker.close();
  }
}

/** A host's publisher and its journal; `append` keeps the newest number. */
export interface Publishing {
  readonly publisher: FleetPublisher;
  readonly reports: FleetReport[];
  append(entry: Parameters<Journal['append']>[0]): number;
  end(): Promise<void>;
}

export async function publish(
  stage: JournalStage,
  settings: FleetSettings,
  limits?: { readonly fileSize: number; readonly files: number },
): Promise<Publishing> {
  const journal = await stage.open(limits === undefined ? {} : { limits });
  const ending = new AbortController();
  const reports: FleetReport[] = [];
  let newest = 0;
  const host: FleetHost = {
    settings,
    journal: stage.folder,
    newest: () => newest,
    state: () => ({ engines: [{ name: 'default', state: 'up' }], failing: [] }),
    version: '0.0.0',
    report: (report) => reports.push(report),
    signal: ending.signal,
  };
  const publisher = new FleetPublisher(host);
  return {
    publisher,
    reports,
    append(entry) {
      newest = journal.append(entry) ?? newest;
      return newest;
    },
    async end() {
      ending.abort();
      await publisher.ended();
      await journal.close();
    },
  };
}

/** All messages of the stream, in its order. */
export async function storedEvents(
  url: string,
): Promise<{ readonly subject: string; readonly event: FleetEvent }[]> {
  const connection = await connect({ servers: url, reconnect: false });
  const found: { subject: string; event: FleetEvent }[] = [];
  try {
    const info = (await connection.request('$JS.API.STREAM.INFO.DLL')).json() as {
      state: { first_seq: number; last_seq: number };
    };
    for (let seq = Math.max(1, info.state.first_seq); seq <= info.state.last_seq; seq++) {
      const answer = await connection.request('$JS.API.DIRECT.GET.DLL', JSON.stringify({ seq }));
      if (answer.headers?.code === 404) continue;
      found.push({ subject: answer.headers?.get('Nats-Subject') ?? '', event: answer.json<FleetEvent>() });
    }
    return found;
  } finally {
    await connection.close();
  }
}

export function sequencesIn(events: readonly { readonly event: FleetEvent }[]): number[] {
  return events.map(({ event }) => Number(event.id.split('/')[2]));
}
