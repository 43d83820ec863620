import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Layout, productName } from './layout.ts';
import type { Machine } from './machine.ts';
import type { ServiceOptions } from './manifest.ts';
import { agentScope, type Scope, stateFolder } from './scope.ts';
import type { Step } from './step.ts';
import type { Wanted } from './wanted.ts';

/** The owner of the job: the system (a daemon of root), or one user (an agent in their login). */
export interface LaunchdDomain {
  /** Its name for launchctl(1). */
  readonly name: string;
  /** The file that describes the job. */
  readonly job: string;
  /** Written, and put aside when it is full, by the listener itself. */
  readonly log: string;
  /** The listener's state folder. */
  readonly state: string;
}

export const systemDomain: LaunchdDomain = {
  name: 'system',
  job: `/Library/LaunchDaemons/${productName}.plist`,
  log: `/var/log/${productName}.log`,
  state: stateFolder('darwin'),
};

/** The domain of a user who is logged in, and whose agents end with that. */
export function agentDomain(uid: number, home: string): LaunchdDomain {
  return {
    name: `gui/${uid}`,
    job: join(home, 'Library', 'LaunchAgents', `${productName}.plist`),
    log: join(home, 'Library', 'Logs', `${productName}.log`),
    state: stateFolder('darwin', agentScope(uid, home)),
  };
}

export function domainOf(scope: Scope): LaunchdDomain {
  return scope.kind === 'user' ? agentDomain(scope.uid, scope.home) : systemDomain;
}

/**
 * The job as launchd.plist(5) has it. PATH includes Homebrew's, on both kinds of processors.
 *
 * The log is a matter of the listener alone, for launchd would hold the file that it has opened, and let it grow. What
 * a listener that cannot start says goes there too, by way of its standard error, which launchd opens at each start.
 */
export function jobText(
  layout: Layout,
  { scriptDir, port }: ServiceOptions,
  { log, state }: LaunchdDomain = systemDomain,
): string {
  const words = [
    layout.node,
    layout.program,
    'run',
    scriptDir,
    ...(port === undefined ? [] : [String(port)]),
    ...['--state-dir', state, '--when-started', 'new', '--log-file', log],
  ];
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${productName}</string>
  <key>ProgramArguments</key>
  <array>
${words.map((word) => `    <string>${escapeXml(word)}</string>`).join('\n')}
  </array>
  <key>EnvironmentVariables</key>
  <dict>
    <key>PATH</key>
    <string>/usr/local/bin:/opt/homebrew/bin:/usr/bin:/bin:/usr/sbin:/sbin</string>
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <true/>
  <key>ThrottleInterval</key>
  <integer>10</integer>
  <key>ExitTimeOut</key>
  <integer>60</integer>
  <key>AbandonProcessGroup</key>
  <true/>
  <key>StandardErrorPath</key>
  <string>${escapeXml(log)}</string>
</dict>
</plist>
`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

export function launchdFiles(
  layout: Layout,
  service: ServiceOptions,
  domain: LaunchdDomain = systemDomain,
): Wanted[] {
  return [
    {
      kind: 'file',
      path: domain.job,
      mode: 0o644,
      content: jobText(layout, service, domain),
      editable: true,
      reason: 'has launchd run the listener',
    },
  ];
}

/** Returns the steps that make launchd read and start the job after an install; it reads a job only when it loads it. */
export function launchdCommands(
  machine: Machine,
  changed: readonly string[],
  domain: LaunchdDomain = systemDomain,
): Step[] {
  const loaded = launchdState(machine, domain) !== undefined;
  if (loaded && changed.length === 0) return [];
  const from = domain.name === systemDomain.name ? 'with the system' : 'when you log in';
  return [
    ...launchdEnd(machine, domain),
    {
      kind: 'run',
      words: ['launchctl', 'bootstrap', domain.name, domain.job],
      // After a bootout it fails (5: Input/output error) until the old job is gone, whose hooks have their grace.
      tries: 40,
      reason: loaded ? 'runs the new version' : `starts the listener, now and ${from}`,
    },
  ];
}

export function launchdEnd(machine: Machine, domain: LaunchdDomain = systemDomain): Step[] {
  if (launchdState(machine, domain) === undefined) return [];
  return [
    {
      kind: 'run',
      words: ['launchctl', 'bootout', `${domain.name}/${productName}`],
      // It also fails (36: Operation now in progress) while the job takes its time to end.
      mayFail: true,
      reason: 'stops it; no hook is run for that',
    },
  ];
}

/** Returns the job's state in launchd's words, such as `running`; undefined for an unknown job. */
export function launchdState(
  machine: Pick<Machine, 'ask'>,
  { name }: LaunchdDomain = systemDomain,
): string | undefined {
  const shown = machine.ask(['launchctl', 'print', `${name}/${productName}`]);
  return /^\s*state = (.*)$/m.exec(shown)?.[1];
}

/** Waits until a job that was just started runs, at most `timeout` ms; returns its state. */
export async function settledState(
  machine: Pick<Machine, 'ask'>,
  domain: LaunchdDomain = systemDomain,
  timeout = 10_000,
): Promise<string | undefined> {
  for (let waited = 0; ; waited += 100) {
    const state = launchdState(machine, domain);
    if (state === 'running' || waited >= timeout) return state;
    await sleep(100);
  }
}
