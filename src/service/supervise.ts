import { domainOf, launchdCommands, launchdEnd, launchdFiles } from './launchd.ts';
import type { Layout } from './layout.ts';
import type { Machine, Supervisor } from './machine.ts';
import type { ServiceOptions } from './manifest.ts';
import { logPath, openrcCommands, openrcEnd, openrcFiles } from './openrc.ts';
import type { Scope } from './scope.ts';
import type { Kept, Step } from './step.ts';
import { overruling, systemdAfterwards, systemdCommands, systemdEnd, systemdFiles } from './systemd.ts';
import type { Wanted } from './wanted.ts';

/** Returns the files that a service manager reads. */
export function supervisedBy(
  supervisor: Supervisor,
  { scope }: Machine,
  layout: Layout,
  service: ServiceOptions,
): Wanted[] {
  switch (supervisor.kind) {
    case 'systemd':
      return systemdFiles(layout, service, supervisor.notifies, scope);
    case 'launchd':
      return launchdFiles(layout, service, domainOf(scope));
    case 'openrc':
      return openrcFiles(layout, service);
    case 'none':
      return [];
    default:
      return supervisor satisfies never;
  }
}

/**
 * Returns the commands for the service manager after these files were written.
 * @param changed the paths that are written by steps before these
 */
export function commandsFor(
  supervisor: Supervisor,
  machine: Machine,
  service: ServiceOptions,
  changed: readonly string[],
): Step[] {
  switch (supervisor.kind) {
    case 'systemd':
      return systemdCommands(machine, service, changed);
    case 'launchd':
      return launchdCommands(machine, changed, domainOf(machine.scope));
    case 'openrc':
      return openrcCommands(changed);
    case 'none':
      return [];
    default:
      return supervisor satisfies never;
  }
}

/** The file that the listener writes its log to; undefined where that is the supervisor's matter. */
export function logFor(supervisor: Supervisor, scope: Scope): string | undefined {
  switch (supervisor.kind) {
    case 'launchd':
      return domainOf(scope).log;
    case 'openrc':
      return logPath;
    case 'systemd':
    case 'none':
      return undefined;
    default:
      return supervisor satisfies never;
  }
}

/** Returns the administrator's files that override ours. */
export function overruledBy(supervisor: Supervisor, machine: Machine, layout: Layout): Kept[] {
  return supervisor.kind === 'systemd' ? overruling(machine, layout) : [];
}

/** Returns the commands for the service manager before and after its files are removed. */
export function endingFor(
  supervisor: Supervisor,
  machine: Machine,
): { readonly before: readonly Step[]; readonly after: readonly Step[] } {
  switch (supervisor.kind) {
    case 'systemd':
      return { before: systemdEnd(machine), after: systemdAfterwards(machine.scope) };
    case 'launchd':
      return { before: launchdEnd(machine, domainOf(machine.scope)), after: [] };
    case 'openrc':
      return { before: openrcEnd(), after: [] };
    case 'none':
      return { before: [], after: [] };
    default:
      return supervisor satisfies never;
  }
}
