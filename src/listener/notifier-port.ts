import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { parseJson, tableIn } from '../system/json.ts';
import { notifierPortFile, notifierPortText } from '../system/notifier-port-file.ts';
import { readSmallFile } from '../system/small-file.ts';
import { codeOf, UserError } from '../system/user-error.ts';
import { interfaceAddresses } from './addresses.ts';
import type { NotifierMode, NotifierSettings } from './config/settings.ts';
import { Declined } from './control/protocol.ts';
import type { NotifierReport } from './notifier/protocol.ts';
import { type NotifierServer, startNotifierServer } from './notifier/server.ts';

interface NotifierPortOptions {
  readonly settings: NotifierSettings;
  /** Undefined where nothing can be kept. */
  readonly stateDir: string | undefined;
  readonly message: (message: 'start' | 'stop', mode: Exclude<NotifierMode, 'off'>) => void;
  readonly report: (report: NotifierReport) => void;
  readonly signal: AbortSignal;
}

/**
 * The notifier's port: open where the settings ask for it. Where they say nothing it opens with `notifier install`, closes with
 * `notifier remove`, and a file keeps that across restarts of the listener.
 */
export class NotifierPort {
  readonly #options: NotifierPortOptions;
  #open:
    | { readonly port: number; readonly server: NotifierServer; readonly end: AbortController }
    | undefined;

  constructor(options: NotifierPortOptions) {
    this.#options = options;
  }

  /** The port and what a message does, for `status`. */
  get state(): { readonly mode: NotifierMode; readonly port: number } {
    const { mode, port, onRequest } = this.#options.settings;
    if (!onRequest) return { mode, port };
    return this.#open === undefined ? { mode: 'off', port } : { mode: 'hint', port: this.#open.port };
  }

  /**
   * Opens the port if it is asked for.
   * @param isUpgrade true if an earlier listener ran here: one of a version without the file always had the port open
   * @throws UserError when the port is not free
   */
  async start(isUpgrade: boolean): Promise<void> {
    const { mode, port, onRequest } = this.#options.settings;
    if (!onRequest) {
      if (mode !== 'off') await this.#listen(port, mode);
      return;
    }
    const kept = this.#kept();
    const wanted = kept === undefined ? (isUpgrade ? port : null) : kept;
    if (kept === undefined) this.#keep(wanted);
    if (wanted !== null) await this.#listen(wanted, 'hint');
  }

  /** Listens also on addresses that came since. */
  async refresh(): Promise<void> {
    await this.#open?.server.refresh();
  }

  /**
   * Opens the port for a notifier that is being installed, or closes it for one that was removed.
   * @returns the port that is open now; null for none
   * @throws Declined when the settings forbid it, or the port is not free
   */
  async request(isOpen: boolean, asked: number | undefined): Promise<{ readonly port: number | null }> {
    const { mode, port, onRequest } = this.#options.settings;
    const wanted = asked ?? port;
    if (!onRequest) {
      if (isOpen && mode === 'off')
        throw new Declined(
          409,
          'The settings switch the notifier off',
          'Leave notifier = "off" out, or --no-notifier',
        );
      if (isOpen && wanted !== port)
        throw new Declined(
          409,
          `The settings give the notifier port ${port}`,
          `Give that port, or leave it out`,
        );
      return { port: mode === 'off' ? null : port };
    }
    const before = this.#open;
    if (!isOpen || before?.port !== wanted) {
      // A port that is not free leaves the one before open: its notifier goes on.
      if (isOpen) await this.#listenFor(wanted);
      else this.#open = undefined;
      before?.end.abort();
    }
    this.#keep(isOpen ? wanted : null);
    return { port: isOpen ? wanted : null };
  }

  async #listenFor(port: number): Promise<void> {
    try {
      await this.#listen(port, 'hint');
    } catch (error) {
      if (error instanceof UserError) throw new Declined(503, error.message, error.fix);
      throw error;
    }
  }

  async #listen(port: number, mode: Exclude<NotifierMode, 'off'>): Promise<void> {
    const { settings, message, report, signal } = this.#options;
    if (signal.aborted) return;
    const end = new AbortController();
    const server = await startNotifierServer({
      port,
      addresses: () => settings.addresses ?? listenAddresses(),
      message: (said) => message(said, mode),
      report,
      signal: AbortSignal.any([signal, end.signal]),
    });
    this.#open = { port, server, end };
  }

  /** Returns undefined where the file is missing or damaged. */
  #kept(): number | null | undefined {
    const { stateDir } = this.#options;
    if (stateDir === undefined) return null;
    const file = readSmallFile(join(stateDir, notifierPortFile), 4096);
    if (file.kind !== 'read') return undefined;
    try {
      const port = tableIn(parseJson(file.bytes.toString('utf8')))?.port;
      if (port === null) return null;
      return typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535
        ? port
        : undefined;
    } catch {
      return undefined;
    }
  }

  #keep(port: number | null): void {
    const { stateDir, report } = this.#options;
    if (stateDir === undefined || !existsSync(stateDir)) return;
    const path = join(stateDir, notifierPortFile);
    try {
      writeFileSync(`${path}.new`, notifierPortText(port), { mode: 0o644 });
      renameSync(`${path}.new`, path);
    } catch (error) {
      report({ kind: 'notifier-port-not-kept', path, code: codeOf(error) });
    }
  }
}

/** The bridge that Docker makes for its containers: `host-gateway` is its address. */
const dockerBridge = 'docker0';

/** Returns the default addresses for notifiers: loopback, and Docker's bridge where there is one. */
function listenAddresses(): string[] {
  const loopback = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .some(({ address }) => address === '::1');
  return ['127.0.0.1', ...(loopback ? ['::1'] : []), ...interfaceAddresses(dockerBridge)];
}
