import type { Metric } from './exposition.ts';

/** The upper bounds of the buckets for how long a hook ran, in seconds. */
export const durationBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** Every metric, in the order of the output. docs/metrics.md describes them. */
export const catalogue = {
  engineUp: gauge(
    'docker_lifecycle_engine_up',
    'Whether the engine is up (1) or not (0); missing until its state is known.',
  ),
  lastTransition: gauge(
    'docker_lifecycle_last_transition_timestamp_seconds',
    'The time of the engine’s last start or stop that this run of the listener reported.',
  ),
  transitions: counter(
    'docker_lifecycle_transitions_total',
    'Starts and stops of the engine that were reported.',
  ),
  hookRuns: counter('docker_lifecycle_hook_runs_total', 'Runs of hooks that are over.'),
  hookDuration: {
    name: 'docker_lifecycle_hook_duration_seconds',
    type: 'histogram',
    help: 'How long runs of hooks took.',
  },
  hookFailing: gauge(
    'docker_lifecycle_hook_failing',
    'Whether a hook, or a folder of hooks, went wrong or was refused the last time (1) or not (0).',
  ),
  hookLastSuccess: gauge(
    'docker_lifecycle_hook_last_success_timestamp_seconds',
    'When a run of the hook last ended well, in this life of the listener.',
  ),
  hookRunningSince: gauge(
    'docker_lifecycle_hook_running_since_timestamp_seconds',
    'Since when the hook runs which runs now.',
  ),
  keptHooks: gauge(
    'docker_lifecycle_kept_hooks',
    'Hooks in while_running that run, wait to be started again, or may not run.',
  ),
  hookRestarts: counter(
    'docker_lifecycle_hook_restarts_total',
    'How often a hook in while_running ended by itself while Docker was up.',
  ),
  hookRetries: counter(
    'docker_lifecycle_hook_retries_total',
    'Attempts to run a hook again after it failed.',
  ),
  hookWarnings: counter(
    'docker_lifecycle_hook_warnings_total',
    'Warnings about hooks: what they do to Docker, or Docker’s stop to them.',
  ),
  cutTurns: counter(
    'docker_lifecycle_cut_turns_total',
    'Turns of hooks that an earlier listener left unfinished: continued or dropped by this one.',
  ),
  queueLength: gauge('docker_lifecycle_queue_length', 'Transitions and requests that wait for their hooks.'),
  queueLeftOut: counter(
    'docker_lifecycle_queue_left_out_total',
    'Transitions whose hooks were not run: overtaken by a stop, not to be repeated, or too many.',
  ),
  eventsWaiting: gauge(
    'docker_lifecycle_events_waiting',
    'What containers and others did that waits for its hooks; missing while no folder asks for any.',
  ),
  events: counter(
    'docker_lifecycle_events_total',
    'Events of containers and other objects: passed to hooks, merged with a later one, or given up because too many waited.',
  ),
  refusals: counter(
    'docker_lifecycle_refusals_total',
    'Hooks and folders of hooks that were not run because they are not safe, or are no programs.',
  ),
  notifierMessages: counter(
    'docker_lifecycle_notifier_messages_total',
    'Messages on the notifier’s port; invalid ones were refused.',
  ),
  notifierSuppressed: counter(
    'docker_lifecycle_notifier_suppressed_total',
    'Messages on the notifier’s port that came too fast to be reported one by one.',
  ),
  companionMessages: counter(
    'docker_lifecycle_companion_messages_total',
    'What the service manager said of the engine.',
  ),
  journalWritable: gauge(
    'docker_lifecycle_journal_writable',
    'Whether what happens is kept in the journal (1) or cannot be (0).',
  ),
  journalLost: counter(
    'docker_lifecycle_journal_lost_total',
    'Records that could not be kept in the journal.',
  ),
  fleetConnected: gauge(
    'docker_lifecycle_fleet_connected',
    'Whether this host is connected to its fleet (1) or not (0); missing where no fleet is set.',
  ),
  fleetBehind: gauge(
    'docker_lifecycle_fleet_behind_records',
    'Records of the journal that the fleet does not have yet; missing until that is known.',
  ),
  fleetPublished: counter(
    'docker_lifecycle_fleet_published_total',
    'Messages that the broker of the fleet has taken.',
  ),
  fleetClockSkew: gauge(
    'docker_lifecycle_fleet_clock_skew_seconds',
    'The clock of the broker less that of this host; 0 where no difference can be seen.',
  ),
  buildInfo: gauge('docker_lifecycle_build_info', 'The version of the listener and of its Node; always 1.'),
  processStart: gauge('process_start_time_seconds', 'When the listener’s process started.'),
  processCpu: counter('process_cpu_seconds_total', 'Processor time that the listener has used.'),
  processMemory: gauge('process_resident_memory_bytes', 'Memory that the listener has in use.'),
} as const satisfies { readonly [metric: string]: Metric };

function counter(name: string, help: string): Metric {
  return { name, type: 'counter', help };
}

function gauge(name: string, help: string): Metric {
  return { name, type: 'gauge', help };
}
