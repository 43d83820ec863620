import type { HookReport } from '../hooks/report.ts';
import { printable } from '../system/printable.ts';

/** What is told line by line to somebody who asked for hooks; undefined for what only the log needs. */
export function triggerLine(said: HookReport): object | undefined {
  switch (said.kind) {
    case 'hook-started':
      return { kind: said.kind, hook: said.hook, run: said.run };
    case 'hook-output':
      return { kind: said.kind, hook: said.hook, stream: said.stream, line: printable(said.line) };
    case 'hook-output-omitted':
      return { kind: said.kind, hook: said.hook, bytes: said.bytes };
    case 'hook-ended': {
      const { kind, hook, run, outcome, durationMs } = said;
      return { kind, hook, run, outcome, durationMs };
    }
    case 'hook-refused': {
      const { path, cause } = said.admission;
      return { kind: said.kind, hook: said.hook, path, cause };
    }
    case 'hook-left-out':
      return { kind: said.kind, hook: said.hook, why: said.why };
    case 'name-refused':
      return { kind: said.kind, hook: said.hook };
    case 'chain-stopped':
      return { kind: said.kind, hook: said.hook };
    case 'folder-missing':
      return { kind: said.kind, folder: said.folder };
    case 'folder-unreadable':
      return { kind: said.kind, folder: said.folder, code: said.code };
    case 'folder-refused': {
      const { path, cause } = said.refusal;
      return { kind: said.kind, folder: said.folder, path, cause };
    }
    default:
      return undefined;
  }
}
