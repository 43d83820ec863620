import { join } from 'node:path';
import type { Layout } from './layout.ts';
import type { Machine } from './machine.ts';
import type { ServiceOptions } from './manifest.ts';
import { companionUnit, serviceUnit } from './names.ts';
import type { Kept, Step } from './step.ts';
import { companionUnitText, serviceUnitText } from './systemd-units.ts';
import type { Wanted } from './wanted.ts';

/** The administrator's own units, which count before all others (systemd.unit(5)). */
const ownUnits = '/etc/systemd/system';

/**
 * Where our units are. Below /usr/local, where locally installed programs have theirs, so that the administrator's
 * `systemctl mask` and `systemctl edit --full`, which write into /etc, work; systemd looks there and nowhere else
 * below a prefix.
 */
export function unitFolder({ prefix }: Pick<Layout, 'prefix'>): string {
  return prefix === '/usr/local' ? '/usr/local/lib/systemd/system' : ownUnits;
}

export function systemdFiles(layout: Layout, service: ServiceOptions, notifies: boolean): Wanted[] {
  const unit = (name: string, content: string, reason: string): Wanted => ({
    kind: 'file',
    path: join(unitFolder(layout), name),
    mode: 0o644,
    content,
    editable: true,
    reason,
  });
  return [
    unit(serviceUnit, serviceUnitText(layout, service, notifies), 'has systemd run the listener'),
    unit(
      companionUnit,
      companionUnitText(layout, service),
      `has on_stop run before ${service.dockerUnit} stops, which waits for it ${service.stopWait} s at most`,
    ),
  ];
}

/** Units of the administrator's that count instead of ours. */
export function overruling(machine: Machine, layout: Layout): Kept[] {
  if (unitFolder(layout) === ownUnits) return [];
  return [serviceUnit, companionUnit].flatMap((unit) => {
    const path = join(ownUnits, unit);
    const found = machine.look(path);
    if (found.kind === 'nothing') return [];
    if (found.kind === 'link' && found.target === '/dev/null') {
      return [{ path, reason: `${unit} is masked, and does not run`, cure: `Run: systemctl unmask ${unit}` }];
    }
    return [{ path, reason: 'it counts instead of ours', cure: `Run: systemctl revert ${unit}` }];
  });
}

/** What systemd says of a unit. */
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
  const text = machine.ask(['systemctl', 'show', `--property=${names.join()}`, '--', unit]);
  return new Map(
    text.split('\n').map((line): [string, string] => {
      const [name = '', ...value] = line.split('=');
      return [name, value.join('=')];
    }),
  );
}

/**
 * What systemd is told after an install.
 *
 * The companion is never restarted while Docker is up: that would be a stop. A changed one counts from the next
 * stop on, once systemd has read it.
 * @param changed the paths that are written by steps before these
 */
export function systemdCommands(
  machine: Machine,
  { dockerUnit }: ServiceOptions,
  changed: readonly string[],
): Step[] {
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
    ...(unitsChanged ? [run('has systemd read the units', 'systemctl', 'daemon-reload')] : []),
    ...(toEnable.length > 0
      ? [run('starts them with the system, and with Docker', 'systemctl', 'reenable', '--quiet', ...toEnable)]
      : []),
    ...(!listener.masked && (changed.length > 0 || !listener.active)
      ? [
          run(
            listener.active ? 'runs the new version; no hook is run for that' : 'starts the listener',
            'systemctl',
            'restart',
            serviceUnit,
          ),
        ]
      : []),
    ...(dockerIsUp && !companion.active && !companion.masked
      ? [run(`is there when ${dockerUnit}, which is up, stops`, 'systemctl', 'start', companionUnit)]
      : []),
  ];
}

/** What systemd is told before its units are removed. */
export function systemdEnd(machine: Machine): Step[] {
  const present = [companionUnit, serviceUnit].filter((unit) => stateOfUnit(machine, unit).known);
  if (present.length === 0) return [];
  return [
    run(
      'stops them, and starts them no more; no hook is run for that',
      'systemctl',
      'disable',
      '--quiet',
      '--now',
      ...present,
    ),
  ];
}

/** What systemd is told after its units are removed. */
export function systemdAfterwards(): Step[] {
  return [
    run('has systemd forget the units', 'systemctl', 'daemon-reload'),
    // Where none of them failed there is nothing to reset, and that is a failure.
    {
      ...run('and how they ended', 'systemctl', 'reset-failed', serviceUnit, companionUnit),
      mayFail: true,
    } as Step,
  ];
}

function run(reason: string, ...words: string[]): Step & { kind: 'run' } {
  return { kind: 'run', words, reason };
}
