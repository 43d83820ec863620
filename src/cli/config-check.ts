import { describeOrigin, type Given } from '../listener/config/given.ts';
import type { Loaded } from '../listener/config/load.ts';
import type { RawEventFilter } from '../listener/config/raw-settings.ts';
import { type ExitCode, exitCode } from '../system/user-error.ts';
import { addressAndPort } from '../system/words.ts';
import type { EngineSettings } from '../watch/settings.ts';
import { load } from './load.ts';
import type { RunRequest } from './run-request.ts';

/** Prints the effective settings. Returns the exit code. */
export function showSettings(request: RunRequest): ExitCode {
  process.stdout.write(describeSettings(load(request)));
  return exitCode.done;
}

/** The effective settings as a settings file would hold them, each with where it came from. */
function describeSettings({ settings, log, given, file }: Loaded): string {
  const { notifier, metrics, heartbeat, hooks, engines } = settings;
  const rows: Row[] = [
    row('script_dir', settings.scriptDir, given.scriptDir),
    row('port', notifier.port, given.port),
    ...engineRows(engines, given.pidfile),
    row('when_started', settings.whenStarted, given.whenStarted),
    row('heartbeat', duration(heartbeat.every), given.heartbeat),
    row('state_dir', settings.stateDir, given.stateDir),
    row('control', settings.control ?? 'none', given.control),
    row('notifier', notifier.mode, given.notifier),
    notifier.addresses === undefined
      ? ['# listen: loopback, and docker0 where there is one', 'default']
      : row('listen', notifier.addresses, given.listen?.[0]),
    row(
      'metrics',
      metrics === undefined ? 'none' : addressAndPort(metrics.address, metrics.port),
      given.metrics,
    ),
    ...(given.metricsNames === undefined
      ? []
      : [
          row(
            'metrics_names',
            given.metricsNames.map(({ value }) => value),
            given.metricsNames[0],
          ),
        ]),
    row('log_format', log.format, given.logFormat),
    row('verbosity', log.verbosity, given.verbosity),
    row('grace', duration(hooks.grace), given.grace),
    row('timeout.on_start', limit(hooks.timeout.start), given.onStartTimeout),
    row('timeout.on_stop', limit(hooks.timeout.stop), given.onStopTimeout),
    row('timeout.events', limit(hooks.events.timeout), given.onEventTimeout),
    row('events.parallel', hooks.events.parallel, given.eventsParallel),
    row('events.waiting', hooks.events.waiting, given.eventsWaiting),
    ...optional('environment_file', given.environmentFile),
    ...[...(given.environment ?? [])].map(([variable, value]) =>
      row(`environment.${variable}`, value.value, value),
    ),
    ...[...(given.hooks ?? [])].flatMap(([name, hook]) => {
      const [folder = '', ...rest] = name.split('/');
      const key = `${folder}.${JSON.stringify(rest.join('/'))}`;
      return [
        ...optional(`${key}.timeout`, hook.timeout),
        ...optional(`${key}.user`, hook.user),
        ...optional(`${key}.docker_host`, hook.dockerHost),
        ...optional(`${key}.stop_on_failure`, hook.stopOnFailure),
        ...optional(`${key}.retry`, hook.retry),
        ...optional(`${key}.retry_wait`, hook.retryWait),
        ...optional(`${key}.debounce`, hook.debounce),
        ...optional(`${key}.at_most`, hook.atMost),
        ...optional(`${key}.repeat`, hook.repeat),
        ...filterRows(`${key}.when`, hook.when),
        ...(hook.labels === undefined
          ? []
          : [
              row(
                `${key}.labels`,
                hook.labels.map(({ value }) => value),
                hook.labels[0],
              ),
            ]),
        ...[...(hook.environment ?? [])].map(([variable, value]) =>
          row(`${key}.environment.${variable}`, value.value, value),
        ),
      ];
    }),
  ];
  const width = Math.max(...rows.map(([text]) => text.length));
  const head = file === undefined ? '# No settings file' : `# Settings file: ${file}`;
  return `${head}\n${rows.map(([text, from]) => `${text.padEnd(width)}  # ${from}`).join('\n')}\n`;
}

function filterRows(key: string, when: RawEventFilter | undefined): Row[] {
  const { action, container, name, label, image, exitCode: exit_code, detail, requested } = when ?? {};
  const asked = requested === undefined ? [] : [row(`${key}.requested`, requested.value, requested)];
  const patterns = Object.entries({ action, container, name, label, image, exit_code, detail }).flatMap(
    ([field, given]) =>
      given === undefined
        ? []
        : [
            row(
              `${key}.${field}`,
              given.map(({ value }) => value),
              given[0],
            ),
          ],
  );
  return [...patterns, ...asked];
}

type Row = readonly [text: string, from: string];

function row(
  key: string,
  value: string | number | boolean | readonly string[],
  given: Given<unknown> | undefined,
): Row {
  return [`${key} = ${JSON.stringify(value)}`, given === undefined ? 'default' : describeOrigin(given.from)];
}

function optional(key: string, given: Given<string | boolean> | undefined): Row[] {
  return given === undefined ? [] : [row(key, given.value, given)];
}

/** Each engine by its endpoint, whether it was given as a host, as a context, or found. */
function engineRows(engines: readonly EngineSettings[], pidfile: Given | undefined): Row[] {
  return engines.flatMap(({ name, endpoint, chosenBy, pidfile: path }): Row[] => {
    const context = name === endpoint.url || name === 'default' ? '' : `, context ${name}`;
    const from = chosenBy === 'found' ? 'found there, nothing is at the default socket' : chosenBy;
    return [
      [`hosts = ${JSON.stringify([endpoint.url])}`, `${from}${context}`],
      row('pidfile', path ?? 'none', pidfile),
    ];
  });
}

function duration(milliseconds: number): string {
  return milliseconds % 1000 === 0 ? `${milliseconds / 1000}s` : `${milliseconds}ms`;
}

function limit(milliseconds: number | undefined): string {
  return milliseconds === undefined ? 'none' : duration(milliseconds);
}
