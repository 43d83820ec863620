import type { FileProblem } from '../../system/small-file.ts';
import type { Endpoint } from '../endpoint/endpoint.ts';
import type { ProbeFailure } from './probe.ts';
import { hasNoListener } from './recheck.ts';

/** What a sensor has to say that is no observation: for whoever wonders why nothing happens. */
export type EngineReport = { readonly engine: string; readonly url: string } & EngineRemark;

type EngineRemark =
  /** What is watched from now on. */
  | { readonly kind: 'engine-watched'; readonly pidfile: string | undefined; readonly chosenBy: string }
  /** The pid file is there and cannot be read, so that the engine's process is not known. */
  | { readonly kind: 'engine-pidfile-unusable'; readonly path: string; readonly problem: FileProblem }
  /** A connection was accepted, but nothing answers yet. */
  | { readonly kind: 'engine-silent' }
  /** Something answers, but with another status than 200: a proxy before an engine that is not there. */
  | { readonly kind: 'engine-answers-badly'; readonly status: number }
  /** This user may not open the socket. */
  | { readonly kind: 'engine-forbidden'; readonly path: string }
  /** An engine afar cannot be reached, or not be trusted; `code` and `error` as the system has them. */
  | { readonly kind: 'engine-not-reached'; readonly code: string; readonly error: string }
  /** The socket's file was removed, while the engine goes on listening on it. */
  | { readonly kind: 'engine-socket-removed'; readonly path: string }
  /** The socket may start Docker when opened, and nothing says that Docker runs: so it is left alone. */
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

/** Says what is to be said about one engine, without saying the same thing over and over. */
interface Remarks {
  say(remark: EngineRemark): void;
  /** Says it unless it was said here already. */
  sayOnce(remark: EngineRemark): void;
  /** What was said is over: it may be said again. */
  forget(): void;
}

/** How many different things are known as said. */
const most = 20;

export function createRemarks(
  about: { readonly engine: string; readonly url: string },
  report: (report: EngineReport) => void,
): Remarks {
  const said = new Set<string>();
  const say = (remark: EngineRemark) => report({ ...about, ...remark });
  return {
    say,
    sayOnce(remark) {
      const text = JSON.stringify(remark);
      if (said.has(text)) return;
      // Messages may hold anything: rather one twice than all for ever.
      if (said.size >= most) said.clear();
      said.add(text);
      say(remark);
    },
    forget() {
      said.clear();
    },
  };
}

const closed = 'the connection is closed before anything is answered';

/**
 * What to say about a probe that found no engine; undefined for what is nothing to wonder about.
 * @param isNew it has not failed often yet: an engine's new socket belongs to root until it gives it to its group
 */
export function explain(failure: ProbeFailure, endpoint: Endpoint, isNew: boolean): EngineRemark | undefined {
  switch (failure.kind) {
    case 'answered-badly':
      return { kind: 'engine-answers-badly', status: failure.status };
    case 'closed':
      // By an engine that dies while it starts, too: worth a word only when it goes on.
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
