import type { FileProblem } from '../../system/small-file.ts';
import type { Endpoint } from '../endpoint/endpoint.ts';
import type { ProbeFailure } from './probe.ts';
import { hasNoListener } from './recheck.ts';

/** A report of a sensor that is not an observation: it explains why nothing happens. */
export type EngineReport = { readonly engine: string; readonly url: string } & EngineRemark;

type EngineRemark =
  /** The engine is watched from now on. */
  | { readonly kind: 'engine-watched'; readonly pidfile: string | undefined; readonly chosenBy: string }
  /** The pid file exists and cannot be read, so that the engine's process is not known. */
  | { readonly kind: 'engine-pidfile-unusable'; readonly path: string; readonly problem: FileProblem }
  /** A connection was accepted, but not answered yet. */
  | { readonly kind: 'engine-silent' }
  /** An answer has another status than 200: it is of a proxy before an engine that is down. */
  | { readonly kind: 'engine-answers-badly'; readonly status: number }
  /** This user may not open the socket. */
  | { readonly kind: 'engine-forbidden'; readonly path: string }
  /** A remote engine cannot be reached, or not be trusted; `code` and `error` are the system's. */
  | { readonly kind: 'engine-not-reached'; readonly code: string; readonly error: string }
  /** The socket's file was removed, while the engine goes on listening on it. */
  | { readonly kind: 'engine-socket-removed'; readonly path: string }
  /** The engine is Podman, whose containers run without its service. */
  | { readonly kind: 'engine-is-podman' }
  /** This service of Podman ends when it is idle: the listener holds no connection to it. */
  | { readonly kind: 'engine-let-go' }
  /** This service of Podman is kept up: a request to it stays open until systemd stops the unit. */
  | { readonly kind: 'engine-held'; readonly unit: string }
  /** systemd does not report when this unit stops: its service is not kept up. */
  | { readonly kind: 'engine-not-held'; readonly unit: string }
  /** A connection to the socket may start Docker, and nothing shows that Docker runs: none is opened. */
  | {
      readonly kind: 'engine-left-alone';
      readonly path: string;
      readonly pidfile: string | undefined;
      readonly holder: 'systemd' | 'unknown' | 'nobody';
    };

/** A report of a sensor, or of the folders that it watches. */
export type SensorReport = EngineReport | FolderReport;

/** A folder cannot be watched: it is listed every 2 s instead. */
interface FolderReport {
  readonly kind: 'watch-degraded';
  readonly folder: string;
  readonly error: string;
}

/** The most different reports that are remembered. */
const mostRemembered = 20;

/** Reports about one engine, each once until it is forgotten. */
export class EngineReporter {
  readonly #report: (remark: EngineRemark) => void;
  readonly #reported = new Set<string>();
  /** Kinds that are never forgotten. */
  readonly #first = new Set<EngineRemark['kind']>();

  constructor(
    about: { readonly engine: string; readonly url: string },
    report: (report: EngineReport) => void,
  ) {
    this.#report = (remark) => report({ ...about, ...remark });
  }

  report(remark: EngineRemark): void {
    this.#report(remark);
  }

  /** Reports it, unless one of its kind was reported before. */
  reportFirst(remark: EngineRemark): void {
    if (this.#first.has(remark.kind)) return;
    this.#first.add(remark.kind);
    this.#report(remark);
  }

  /** Reports it, unless the same was reported since `forget`. */
  reportOnce(remark: EngineRemark): void {
    const text = JSON.stringify(remark);
    if (this.#reported.has(text)) return;
    // Messages may hold anything: rather one twice than all for ever.
    if (this.#reported.size >= mostRemembered) this.#reported.clear();
    this.#reported.add(text);
    this.#report(remark);
  }

  /** The causes of the reports are over: they may be reported again. */
  forget(): void {
    this.#reported.clear();
  }
}

const closed = 'the connection is closed before anything is answered';

/**
 * Returns the report about a probe that found no engine; undefined for an ordinary failure.
 * @param isNew the probe has not failed often yet: an engine's new socket belongs to root until it gives it to its group
 */
export function explain(failure: ProbeFailure, endpoint: Endpoint, isNew: boolean): EngineRemark | undefined {
  switch (failure.kind) {
    case 'answered-badly':
      return { kind: 'engine-answers-badly', status: failure.status };
    case 'closed':
      // An engine that dies while it starts closes it too: worth a report only when it goes on.
      return isNew ? undefined : { kind: 'engine-not-reached', code: 'CLOSED', error: closed };
    case 'not-made': {
      const { code, message } = failure;
      if (endpoint.kind !== 'unix') return { kind: 'engine-not-reached', code, error: message };
      if (hasNoListener(failure)) return undefined;
      if (code !== 'EACCES') return { kind: 'engine-not-reached', code, error: message };
      return isNew ? undefined : { kind: 'engine-forbidden', path: endpoint.path };
    }
    default:
      return failure satisfies never;
  }
}
