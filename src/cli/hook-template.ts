import type { NewHookEvent } from './commands.ts';

/** A hook to begin with: it works as it is, and says what it could do. */
export function hookTemplate(event: NewHookEvent): string {
  return `#!/bin/sh
# ${purposes[event]}
# Its first argument is the event; the environment has DOCKER_HOST, so that docker speaks to the same engine, and
# DOCKER_LIFECYCLE_EVENT, _REASON, _SOURCE, _ENGINE, _SEQUENCE, _TIME and _HOOK.
set -eu

${bodies[event]}
`;
}

const purposes: { readonly [event in NewHookEvent]: string } = {
  start: 'Runs when Docker has started, and when the listener starts and Docker is up.',
  stop: 'Runs when Docker stops, crashes, or does not answer any more. Docker may be gone by now.',
  running: 'Is kept running while Docker is up: started again when it ends, and ended when Docker does.',
};

const bodies: { readonly [event in NewHookEvent]: string } = {
  start: 'echo "Docker has started ($DOCKER_LIFECYCLE_REASON)"',
  stop: 'echo "Docker stops ($DOCKER_LIFECYCLE_REASON)"',
  running: 'exec docker events',
};
