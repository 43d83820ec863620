import type { EventFolder } from '../config/engine-events.ts';
import type { NewHookEvent } from './command.ts';

const ownVariables = `# Give it variables of your own in [environment] of the settings: Environment= of the service's unit does not reach it.`;

/** A hook to begin with: it works as it is, and says what it could do. */
export function hookTemplate(event: NewHookEvent): string {
  if (event !== 'start' && event !== 'stop' && event !== 'running') return eventTemplate(event);
  return `#!/bin/sh
# ${purposes[event]}
# Its first argument is the event; the environment has DOCKER_HOST, so that docker speaks to the same engine, and
# DOCKER_LIFECYCLE_EVENT, _REASON, _SOURCE, _ENGINE, _SEQUENCE, _TIME and _HOOK.
${ownVariables}
set -eu

${bodies[event]}
`;
}

function eventTemplate(folder: EventFolder): string {
  return `#!/bin/sh
# Runs at ${describe(folder)} that Docker reports.
# The event is on its standard input, as JSON. The environment has DOCKER_EVENT_TYPE, _ACTION, _ID, _NAME, _IMAGE and
# _TIME, sometimes _CONTAINER_ID, _CONTAINER_NAME, _EXIT_CODE, _REQUESTED, _DETAIL and _POSSIBLE_REPEAT, and DOCKER_HOST,
# so that docker speaks to the same engine.
${ownVariables}
set -eu

echo "$DOCKER_EVENT_ACTION of $DOCKER_EVENT_TYPE $DOCKER_EVENT_NAME ($DOCKER_LIFECYCLE_REASON)"
`;
}

function describe(folder: EventFolder): string {
  const [type = '', ...action] = folder.slice('on_'.length).split('_');
  if (type === 'any') return 'each event';
  return action.join('_') === 'any' ? `each event of type ${type}` : `each ${type} ${action.join('_')}`;
}

type LifecycleFolder = Exclude<NewHookEvent, EventFolder>;

const purposes: { readonly [event in LifecycleFolder]: string } = {
  start: 'Runs when Docker has started, and when the listener starts and Docker is up.',
  stop: 'Runs when Docker stops, crashes, or does not answer any more. Docker may be gone by now.',
  running: 'Is kept running while Docker is up: started again when it ends, and ended when Docker does.',
};

const bodies: { readonly [event in LifecycleFolder]: string } = {
  start: 'echo "Docker has started ($DOCKER_LIFECYCLE_REASON)"',
  stop: 'echo "Docker stops ($DOCKER_LIFECYCLE_REASON)"',
  running: 'exec docker events',
};
