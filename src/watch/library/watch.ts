import { setMaxListeners } from 'node:events';
import { printableText } from '../../system/printable.ts';
import type { SensorReport } from '../engine/report.ts';
import { createFolderWatches } from '../host/folder-watch.ts';
import type { Transition } from '../lifecycle/transition.ts';
import { type EngineChange, EngineWatch } from '../watch-engine.ts';
import { describeSensorReport } from '../words.ts';
import type { Chosen } from './choose.ts';

/** Something that keeps it from being known whether an engine is up. */
export interface Warning {
  readonly kind: string;
  readonly message: string;
  readonly engine?: string;
}

/** Watches engines as the listener does, until `signal`; runs nothing, and remembers nothing. */
export function watchAll(
  { engines, heartbeat }: Chosen,
  tell: (transition: Transition) => void,
  warn: (warning: Warning) => void,
  signal: AbortSignal,
): void {
  // Each engine has its listeners on it: many are no leak.
  setMaxListeners(0, signal);
  const report = (record: SensorReport) => {
    const { level, text } = describeSensorReport(record);
    if (signal.aborted || (level !== 'warning' && level !== 'error')) return;
    const about = 'engine' in record ? { engine: record.engine } : {};
    // What the caller throws over it is his own, and must not come between the sensor and the engine.
    queueMicrotask(() => warn({ kind: record.kind, message: printableText(text), ...about }));
  };
  const folders = createFolderWatches((folder, error) => {
    report({ kind: 'watch-degraded', folder, error: String(error) });
  }, signal);
  for (const engine of engines) {
    if (signal.aborted) return;
    const onChange = ({ transitions }: EngineChange) => transitions.forEach(tell);
    new EngineWatch({ engine, heartbeat, folders, onChange, report, signal }).start();
  }
}
