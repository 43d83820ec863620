import type { Layout } from './layout.ts';
import type { Machine } from './machine.ts';
import type { ServiceOptions } from './manifest.ts';
import { productName } from './names.ts';
import type { Step } from './step.ts';
import type { Wanted } from './wanted.ts';

export const jobPath = `/Library/LaunchDaemons/${productName}.plist`;
export const jobLog = `/var/log/${productName}.log`;
const job = `system/${productName}`;

/** The job as launchd.plist(5) has it. PATH includes Homebrew's, on both kinds of processors. */
export function jobText(layout: Layout, { scriptDir, port }: ServiceOptions): string {
  const words = [
    layout.node,
    layout.program,
    'run',
    scriptDir,
    ...(port === undefined ? [] : [String(port)]),
  ];
  const list = [...words, '--when-started', 'new'].map((word) => `    <string>${escapeXml(word)}</string>`);
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${productName}</string>
  <key>ProgramArguments</key>
  <array>
${list.join('\n')}
  </array>
  <key>EnvironmentVariables</key>
  <dict>
    <key>PATH</key>
    <string>/usr/local/bin:/opt/homebrew/bin:/usr/bin:/bin:/usr/sbin:/sbin</string>
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>10</integer>
  <key>ExitTimeOut</key>
  <integer>60</integer>
  <key>AbandonProcessGroup</key>
  <true/>
  <key>StandardOutPath</key>
  <string>${jobLog}</string>
  <key>StandardErrorPath</key>
  <string>${jobLog}</string>
</dict>
</plist>
`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

export function launchdFiles(layout: Layout, service: ServiceOptions): Wanted[] {
  return [
    {
      kind: 'file',
      path: jobPath,
      mode: 0o644,
      content: jobText(layout, service),
      editable: true,
      reason: 'has launchd run the listener',
    },
  ];
}

/** What launchd is told after an install. It reads a job only when that is loaded. */
export function launchdCommands(machine: Machine, changed: readonly string[]): Step[] {
  const loaded = machine.ask(['launchctl', 'print', job]) !== '';
  if (loaded && changed.length === 0) return [];
  return [
    ...(loaded ? launchdEnd(machine) : []),
    {
      kind: 'run',
      words: ['launchctl', 'bootstrap', 'system', jobPath],
      // Right after a bootout it fails (5: Input/output error) until the old job is gone.
      tries: 10,
      reason: loaded ? 'runs the new version' : 'starts the listener, now and with the system',
    },
  ];
}

export function launchdEnd(machine: Machine): Step[] {
  if (machine.ask(['launchctl', 'print', job]) === '') return [];
  return [{ kind: 'run', words: ['launchctl', 'bootout', job], reason: 'stops it; no hook is run for that' }];
}
