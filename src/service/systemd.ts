import { join } from 'node:path';
import { companionUnit, type Layout, serviceUnit } from './layout.ts';
import type { Machine } from './machine.ts';
import type { ServiceOptions } from './manifest.ts';
import { type Scope, systemctl, systemScope } from './scope.ts';
import type { Kept, Step } from './step.ts';
import { companionUnitText, serviceUnitText } from './systemd-units.ts';
import type { Wanted } from './wanted.ts';

/** The administrator's own units, which count before all others (systemd.unit(5)). */
const ownUnits = '/etc/systemd/system';

/** Returns the folder of the administrator's or user's own units and drop-ins. */
export function ownUnitFolder(scope: Scope): string {
  return scope.kind === 'user' ? join(scope.config, 'systemd', 'user') : ownUnits;
}

/**
 * Returns the folder of our units: below /usr/local, like those of other locally installed programs, so that the administrator's
 * `systemctl mask` and `systemctl edit --full`, which write into /etc, work; systemd looks there, below /usr, and
 * nowhere else below a prefix.
 */
function unitFolder({ prefix }: Pick<Layout, 'prefix'>, scope: Scope = systemScope): string {
  if (scope.kind === 'user') return ownUnitFolder(scope);
  return prefix === '/usr/local' || prefix === '/usr' ? join(prefix, 'lib', 'systemd', 'system') : ownUnits;
}

export function systemdFiles(
  layout: Layout,
  service: ServiceOptions,
  notifies: boolean,
  scope: Scope,
): Wanted[] {
  const unit = (name: string, content: string, reason: string): Wanted => ({
    kind: 'file',
    path: join(unitFolder(layout, scope), name),
    mode: 0o644,
    content,
    editable: true,
    reason,
  });
  return [
    unit(serviceUnit, serviceUnitText(layout, service, notifies, scope), 'has systemd run the listener'),
    unit(
      companionUnit,
      companionUnitText(layout, service, scope),
      `has on_stop run before ${service.dockerUnit} stops, which waits for it ${service.stopWait} s at most`,
    ),
  ];
}

/** Units of the administrator's that count instead of ours. */
export function overruling(machine: Machine, layout: Layout): Kept[] {
  // A user's own unit in the same folder is one that was edited.
  if (machine.scope.kind === 'user' || unitFolder(layout) === ownUnits) return [];
  return [serviceUnit, companionUnit].flatMap((unit) => {
    const path = join(ownUnits, unit);
    const found = machine.look(path);
    if (found.kind === 'nothing') return [];
    if (found.kind === 'link' && found.target === '/dev/null') {
      return [{ path, reason: `${unit} is masked, and does not run`, fix: `Run: systemctl unmask ${unit}` }];
    }
    return [{ path, reason: 'it counts instead of ours', fix: `Run: systemctl revert ${unit}` }];
  });
}

/** The state of a unit. */
export interface UnitState {
  readonly active: boolean;
  readonly enabled: boolean;
  readonly masked: boolean;
  readonly known: boolean;
}

export function stateOfUnit(machine: Machine, unit: string): UnitState {
  const shown = properties(machine, unit, ['ActiveState', 'UnitFileState', 'LoadState']);
  return {
    active: ['active', 'activating', 'reloading'].includes(shown.get('ActiveState') ?? ''),
    enabled: shown.get('UnitFileState') === 'enabled',
    masked: shown.get('LoadState') === 'masked',
    known: shown.get('LoadState') === 'loaded',
  };
}

/** Properties of a unit, as `systemctl show` has them. */
export function properties(machine: Machine, unit: string, names: readonly string[]): Map<string, string> {
  const text = machine.ask([...systemctl(machine.scope), 'show', `--property=${names.join()}`, '--', unit]);
  return new Map(
    text.split('\n').map((line): [string, string] => {
      const [name = '', ...value] = line.split('=');
      return [name, value.join('=')];
    }),
  );
}

/**
 * Returns the commands for systemd after an install.
 *
 * The companion is never restarted while Docker is up: that would be a stop. A changed one counts from the next
 * stop on, once systemd has read it.
 * @param changed the paths that earlier steps write
 */
export function systemdCommands(
  machine: Machine,
  { dockerUnit }: ServiceOptions,
  changed: readonly string[],
): Step[] {
  const run = telling(machine.scope);
  const listener = stateOfUnit(machine, serviceUnit);
  const companion = stateOfUnit(machine, companionUnit);
  const unitsChanged = changed.some((path) => path.endsWith('.service'));
  // Which unit it is started with is in its file, and was read when it was enabled.
  const companionChanged = changed.some((path) => path.endsWith(`/${companionUnit}`));
  const toEnable = [
    ...(listener.enabled || listener.masked ? [] : [serviceUnit]),
    ...((companion.enabled && !companionChanged) || companion.masked ? [] : [companionUnit]),
  ];
  const dockerIsUp = stateOfUnit(machine, dockerUnit).active;
  return [
    ...(unitsChanged ? [run('has systemd read the units', 'daemon-reload')] : []),
    ...(toEnable.length > 0
      ? [run('starts them with the system, and with Docker', 'reenable', '--quiet', ...toEnable)]
      : []),
    ...(!listener.masked && (changed.length > 0 || !listener.active)
      ? [
          run(
            listener.active ? 'runs the new version; no hook is run for that' : 'starts the listener',
            'restart',
            serviceUnit,
          ),
        ]
      : []),
    ...(dockerIsUp && !companion.active && !companion.masked
      ? [run(`is there when ${dockerUnit}, which is up, stops`, 'start', companionUnit)]
      : []),
  ];
}

/** Returns the commands for systemd before its units are removed. */
export function systemdEnd(machine: Machine): Step[] {
  const run = telling(machine.scope);
  // One that is masked runs on until it is stopped.
  const present = [companionUnit, serviceUnit].filter((unit) => {
    const { known, masked } = stateOfUnit(machine, unit);
    return known || masked;
  });
  if (present.length === 0) return [];
  return [
    run(
      'stops them, and starts them no more; no hook is run for that',
      'disable',
      '--quiet',
      '--now',
      ...present,
    ),
  ];
}

/** Returns the commands for systemd after its units were removed. */
export function systemdAfterwards(scope: Scope): Step[] {
  const run = telling(scope);
  return [
    run('has systemd forget the units', 'daemon-reload'),
    // `reset-failed` fails if no unit has failed.
    {
      ...run('and how they ended', 'reset-failed', serviceUnit, companionUnit),
      mayFail: true,
    } as Step,
  ];
}

type Run = Step & { kind: 'run' };

/** Returns a function that makes a step of a systemctl command. */
function telling(scope: Scope): (reason: string, ...words: string[]) => Run {
  return (reason, ...words) => ({ kind: 'run', words: [...systemctl(scope), ...words], reason });
}
