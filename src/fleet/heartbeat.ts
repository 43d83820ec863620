import type { JournalIdentity } from '../listener/journal/identity.ts';
import { pause } from '../system/pause.ts';
import type { Broker, LastMessage } from './broker.ts';
import type { FleetHost, Progress } from './host.ts';
import { hostsBucket, keySubject } from './names.ts';
import type { Presence } from './presence.ts';

/** Keeps the host's key in the bucket of hosts. */
export class Heartbeat {
  readonly #host: FleetHost;
  readonly #instance: string;
  readonly #broker: Broker;
  readonly #identity: JournalIdentity;
  readonly #progress: Progress;
  readonly #check: () => Promise<void>;
  /** The time at which the last one was sent, in ms since the epoch. */
  #sentAt = 0;

  constructor(
    host: FleetHost,
    instance: string,
    broker: Broker,
    identity: JournalIdentity,
    progress: Progress,
    check: () => Promise<void>,
  ) {
    this.#host = host;
    this.#instance = instance;
    this.#broker = broker;
    this.#identity = identity;
    this.#progress = progress;
    this.#check = check;
  }

  /** Beats until the signal. Rejects at the first beat that fails. */
  async start(signal: AbortSignal): Promise<void> {
    const { name, heartbeat } = this.#host.settings;
    await this.#beat();
    const own = await this.#broker.last(`KV_${hostsBucket}`, keySubject(hostsBucket, name));
    this.#noteClock(own);
    if (!signal.aborted) this.#progress.connected();
    while (!signal.aborted) {
      await pause(heartbeat, signal);
      if (signal.aborted) return;
      await this.#check();
      await this.#beat();
    }
  }

  async #beat(): Promise<void> {
    const { settings, state, version } = this.#host;
    this.#sentAt = Date.now();
    const presence: Presence = {
      format: 1,
      version,
      journal: this.#identity.id,
      instance: this.#instance,
      every: settings.heartbeat,
      at: new Date().toISOString(),
      labels: settings.labels,
      ...state(),
    };
    await this.#broker.writePresence(Buffer.from(JSON.stringify(presence)));
  }

  #noteClock(own: LastMessage | undefined): void {
    if (own === undefined || Number.isNaN(own.at)) return;
    // The broker took it at some time between our sending and now.
    const now = Date.now();
    const skew = own.at < this.#sentAt ? own.at - this.#sentAt : own.at > now ? own.at - now : 0;
    this.#progress.skew(Math.round(skew));
  }
}
