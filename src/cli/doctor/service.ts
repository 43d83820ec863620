import { companionRemark } from '../../service/docker-units.ts';
import { domainOf, launchdState } from '../../service/launchd.ts';
import { companionUnit, productName, serviceUnit } from '../../service/layout.ts';
import type { Machine, Supervisor } from '../../service/machine.ts';
import type { Manifest } from '../../service/manifest.ts';
import { installCommand, journalctl, journalForm, type Scope, systemctl } from '../../service/scope.ts';
import { properties, stateOfUnit } from '../../service/systemd.ts';
import { type Finding, note, ok, wrong } from './finding.ts';

/** The number of last lines of the log that are searched for errors, and of errors that are shown. */
const lines = { read: 500, shown: 3 };

/** The state of the service, what it complained of last, and how it hears of Docker's stop. */
export function checkService(machine: Machine, supervisor: Supervisor, manifest: Manifest): Finding[] {
  switch (supervisor.kind) {
    case 'systemd':
      return [
        checkUnit(machine),
        ...checkLinger(machine),
        ...lastErrors(machine),
        ...checkCompanion(machine, manifest),
      ];
    case 'launchd': {
      const domain = domainOf(machine.scope);
      const state = launchdState(machine, domain);
      return [
        state === 'running'
          ? ok('service', state)
          : wrong('service', state ?? 'not loaded', `See: tail ${domain.log}`),
      ];
    }
    case 'openrc': {
      const state = openrcState(machine);
      return [
        state.includes('started')
          ? ok('service', 'started')
          : wrong('service', state, `Run: rc-service ${productName} start`),
      ];
    }
    case 'none':
      return [note('service', 'no supervisor that install knows')];
    default:
      return supervisor satisfies never;
  }
}

/** Returns true if the listener runs as a service: then it is the listener that has its port. */
export function serviceRuns(machine: Machine, supervisor: Supervisor): boolean {
  switch (supervisor.kind) {
    case 'systemd':
      return stateOfUnit(machine, serviceUnit).active;
    case 'launchd':
      return launchdState(machine, domainOf(machine.scope)) === 'running';
    case 'openrc':
      return openrcState(machine).includes('started');
    case 'none':
      return false;
    default:
      return supervisor satisfies never;
  }
}

function openrcState(machine: Machine): string {
  return machine.ask(['rc-service', productName, 'status']);
}

function checkUnit(machine: Machine): Finding {
  const shown = properties(machine, serviceUnit, ['ActiveState', 'Result', 'NRestarts', 'UnitFileState']);
  const state = shown.get('ActiveState') ?? 'unknown';
  const enabled = shown.get('UnitFileState') ?? '';
  if (isMasked(enabled)) return wrong('service', enabled, unmask(machine.scope, enabled, serviceUnit));
  if (state !== 'active') {
    return wrong(
      'service',
      `${state} (${shown.get('Result')})`,
      `Run: ${systemctl(machine.scope).join(' ')} restart ${serviceUnit}`,
    );
  }
  if (enabled !== 'enabled') {
    return wrong(
      'service',
      `active, but ${enabled || 'not enabled'}: not started with the system`,
      `Run: ${systemctl(machine.scope).join(' ')} enable ${serviceUnit}`,
    );
  }
  const restarts = Number(shown.get('NRestarts'));
  return restarts > 0 ? note('service', `active, after ${restarts} restarts`) : ok('service', 'active');
}

/** `masked`, or `masked-runtime`: until the next boot. */
function isMasked(unitFileState: string): boolean {
  return unitFileState.startsWith('masked');
}

function unmask(scope: Scope, unitFileState: string, unit: string): string {
  const runtime = unitFileState === 'masked-runtime' ? ['--runtime'] : [];
  return `Run: ${[...systemctl(scope), 'unmask', ...runtime, unit].join(' ')}`;
}

function lastErrors(machine: Machine): Finding[] {
  const words = [...journalForm, `--lines=${lines.read}`, `--unit=${serviceUnit}`];
  return machine
    .ask([...journalctl(machine.scope), ...words])
    .split('\n')
    .filter((line) => / ERROR /.test(line) || line.includes(` ${productName}: `))
    .slice(-lines.shown)
    .map((line) => note('last errors', line));
}

function checkCompanion(machine: Machine, { service, entries }: Manifest): Finding[] {
  const { dockerUnit, stopWait } = service;
  const asked = ['LoadState', 'ActiveState', 'UnitFileState', 'TriggeredBy'];
  const docker = properties(machine, dockerUnit, asked);
  if (docker.get('LoadState') !== 'loaded') {
    // dpkg has the list of what is in its package.
    const isPackaged = entries.length === 0;
    return [noDockerUnit(machine.scope, dockerUnit, docker.get('UnitFileState') ?? '', isPackaged)];
  }
  const sockets = docker.get('TriggeredBy') ?? '';
  const companion = properties(machine, companionUnit, ['ActiveState', 'UnitFileState']);
  const state = companion.get('ActiveState');
  const held = sockets === '' ? 'it makes its own socket' : `${sockets} holds its socket`;
  const unit = ok('docker unit', `${dockerUnit} is ${docker.get('ActiveState')}; ${held}`);
  const remark = companionRemark(machine, dockerUnit);
  if (remark !== undefined) return [unit, note('companion', remark)];
  const fileState = companion.get('UnitFileState') ?? '';
  if (isMasked(fileState)) {
    return [
      unit,
      wrong(
        'companion',
        `${fileState}: on_stop does not run before Docker stops`,
        unmask(machine.scope, fileState, companionUnit),
      ),
    ];
  }
  if (fileState !== 'enabled') {
    return [
      unit,
      wrong(
        'companion',
        `${fileState || 'missing'}: on_stop does not run before Docker stops`,
        `Run: ${systemctl(machine.scope).join(' ')} enable ${companionUnit}`,
      ),
    ];
  }
  if (docker.get('ActiveState') === 'active' && state !== 'active') {
    return [
      unit,
      wrong(
        'companion',
        `${state}: on_stop will not run before Docker stops, but at the first sign of it`,
        `Run: ${systemctl(machine.scope).join(' ')} start ${companionUnit}`,
      ),
    ];
  }
  return [unit, ok('companion', `${state}; Docker’s stop waits for on_stop, at most ${stopWait} s`)];
}

function noDockerUnit(scope: Scope, unit: string, fileState: string, isPackaged: boolean): Finding {
  const install = `${installCommand(scope)} --docker-unit UNIT`;
  const another = isPackaged
    ? `where another unit runs Docker: apt-get remove ${productName}; then, from a checkout, ${install}`
    : `where another unit runs Docker: ${install}`;
  return isMasked(fileState)
    ? wrong('docker unit', `${unit} is ${fileState}`, `${unmask(scope, fileState, unit)}. Or, ${another}`)
    : wrong('docker unit', `there is no ${unit}`, `Install Docker. Or, ${another}`);
}

/** A user's services live as long as the user is logged in, unless that is allowed to linger. */
function checkLinger({ scope, ask }: Machine): Finding[] {
  if (scope.kind === 'system') return [];
  const lingers = ask(['loginctl', 'show-user', '--property=Linger', '--value', String(scope.uid)]) === 'yes';
  return [
    lingers
      ? ok('linger', 'it runs also while you are not logged in')
      : note('linger', 'it runs only while you are logged in', 'For always, run: loginctl enable-linger'),
  ];
}
