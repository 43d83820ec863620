import { existsSync } from 'node:fs';
import { quoteForShell } from '../system/shell-quote.ts';
import { type Layout, productName } from './layout.ts';
import type { ServiceOptions } from './manifest.ts';
import { stateFolder } from './scope.ts';
import type { Step } from './step.ts';
import type { Wanted } from './wanted.ts';

const scriptPath = `/etc/init.d/${productName}`;
/** Written, and put aside when it is full, by the listener itself. */
export const logPath = `/var/log/${productName}.log`;

/**
 * The init script (openrc-run(8)). OpenRC reads command and arguments a second time, by an `eval`.
 *
 * It is ordered before Docker, without `need docker`: with that, OpenRC would start Docker for it, and would end the
 * listener before it stops Docker.
 */
export function scriptText(layout: Layout, { scriptDir, port }: ServiceOptions): string {
  const words = [layout.program, 'run', scriptDir, ...(port === undefined ? [] : [String(port)])];
  const kept = ['--state-dir', stateFolder('linux'), '--when-started', 'new', '--log-file', logPath];
  const list = [...words, ...kept].map(quoteForShell).join(' ');
  return `#!/sbin/openrc-run
# Written by: ${productName} install

description="Runs hooks when Docker starts and stops"
supervisor=supervise-daemon
command=${quoteForShell(quoteForShell(layout.node))}
command_args=${quoteForShell(list)}
# The log is a matter of the listener; this is for one that cannot start.
error_log="${logPath}"
respawn_delay=2
respawn_max=10
respawn_period=60
retry="SIGTERM/60/SIGKILL/5"
unset NODE_OPTIONS NODE_PATH LD_PRELOAD LD_LIBRARY_PATH BASH_ENV

depend() {
	before docker
}
`;
}

export function openrcFiles(layout: Layout, service: ServiceOptions): Wanted[] {
  return [
    {
      kind: 'file',
      path: scriptPath,
      mode: 0o755,
      content: scriptText(layout, service),
      editable: true,
      reason: 'has OpenRC run the listener',
    },
  ];
}

export function openrcCommands(changed: readonly string[]): Step[] {
  if (changed.length === 0) return [];
  return [
    {
      kind: 'run',
      words: ['rc-update', 'add', productName, 'default'],
      reason: 'starts it with the system',
    },
    { kind: 'run', words: ['rc-service', productName, 'restart'], reason: 'starts the listener' },
  ];
}

export function openrcEnd(exists: (path: string) => boolean = existsSync): Step[] {
  if (!exists(scriptPath)) return [];
  return [
    {
      kind: 'run',
      words: ['rc-service', productName, 'stop'],
      mayFail: true,
      reason: 'stops it; no hook is run for that',
    },
    { kind: 'run', words: ['rc-update', 'delete', productName], mayFail: true, reason: 'starts it no more' },
  ];
}
