import { chmodSync, lstatSync, mkdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type EventFolder, eventFolder } from '../hooks/engine-events.ts';
import {
  type Candidate,
  type HookFolder,
  hookFolders,
  isIgnored,
  listEventFolders,
  listHooks,
} from '../hooks/find.ts';
import { currentAccount } from '../system/find-account.ts';
import { nearest } from '../system/nearest.ts';
import { quote } from '../system/shell-quote.ts';
import { codeOf, errorCode, exitCode, UserError } from '../system/user-error.ts';
import type { LifecycleEvent } from '../watch/lifecycle/transition.ts';
import { plansIn, statusIn } from './answers.ts';
import { describeDryRun, dryRun } from './dry-run.ts';
import { findListener, ifRunning } from './listener.ts';
import type { ListenerRequest } from './listener-request.ts';
import { loadForClient } from './load.ts';
import { usage } from './options.ts';
import { calledAs } from './plugin/call.ts';
import { print, remark } from './print.ts';
import { during } from './progress.ts';

/** The event of a new hook: `running` for one that is kept running. */
export type NewHookEvent = LifecycleEvent | 'running' | EventFolder;

/**
 * Shows what would run on each event: as the running listener sees it, else by the settings.
 * @returns the exit code
 */
export async function showHooks(command: ListenerRequest): Promise<number> {
  const isNamed = command.inputs.scriptDir !== undefined;
  const asking = () =>
    during('Waiting for the listener to answer', findListener(command).client.get('/v1/hooks').then(plansIn));
  const answer = isNamed ? undefined : await ifRunning(asking());
  const account = currentAccount();
  const folders = answer ?? dryRun(byItself(command), account).folders;
  print(
    command.json
      ? `${JSON.stringify({ version: 1, folders })}\n`
      : describeDryRun({ version: 1, folders }, account),
  );
  return exitCode.done;
}

function byItself(command: ListenerRequest) {
  const { settings } = loadForClient(command);
  remark(`No listener runs: by its settings, for hooks in ${settings.scriptDir}\n`);
  return settings;
}

/**
 * Makes a hook executable, or not any more.
 * @returns the exit code
 */
export async function switchHook(
  command: ListenerRequest & { readonly hook: string; readonly on: boolean },
): Promise<number> {
  const { hook, on } = command;
  const { name, path } = findHook(await scriptDirOf(command), hook);
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) {
    const target = readlinkSync(path);
    throw new UserError(
      exitCode.failed,
      `${name} is a link to ${target}`,
      target === '/dev/null'
        ? `It is masked. Unmask it: rm ${quote(path)}`
        : `Switch off what it leads to, or the link: rm ${quote(path)}`,
    );
  }
  const mode = stats.mode & 0o7777;
  // Every user who may read it may run it.
  const wanted = on ? mode | 0o100 | ((mode & 0o444) >> 2) : mode & ~0o111;
  try {
    chmodSync(path, wanted);
  } catch (error) {
    throw notAllowed(error, path);
  }
  print(`${name} is switched ${on ? 'on' : 'off'}${wanted === mode ? ' already' : ''}\n`);
  return exitCode.done;
}

/**
 * Writes a template of a hook, which its owner alone may write.
 * @returns the exit code
 */
export async function newHook(
  command: ListenerRequest & { readonly hook: string; readonly event: NewHookEvent },
): Promise<number> {
  const { hook, event } = command;
  if (hook.includes('/') || hook.includes('\0') || isIgnored(hook) || hook === '') {
    throw usage(
      `${JSON.stringify(hook)} would be no name of a hook`,
      'As 10-hello: no slash, no dot at the beginning, no ending of a backup',
    );
  }
  const folder =
    event === 'start' || event === 'stop' || event === 'running'
      ? ({ start: 'on_start', stop: 'on_stop', running: 'while_running' } as const)[event]
      : event;
  const path = join(await scriptDirOf(command), folder, hook);
  const before = process.umask(0o022);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    writeFileSync(path, hookTemplate(event), { flag: 'wx', mode: 0o755 });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw notAllowed(error, path);
    throw new UserError(exitCode.failed, `${path} is there already`, 'Give the new one another name');
  } finally {
    process.umask(before);
  }
  print(`${path}\n`);
  if (event === 'running') {
    const seen = `${calledAs()} history --hook ${quote(hook)}`;
    remark(
      `Fill it in. It is kept running from Docker's next start on, or the listener's; see how: ${seen}\n`,
    );
    return exitCode.done;
  }
  remark(`Fill it in. What it prints goes into the log; see it with: ${calledAs()} `);
  if (event === 'start' || event === 'stop') remark(`trigger ${event} --hook ${quote(hook)}\n`);
  else remark(`history --event ${event.slice(3)}\n`);
  return exitCode.done;
}

/** The one that is named, else that of the running listener, else that of the settings. */
async function scriptDirOf(command: ListenerRequest): Promise<string> {
  if (command.inputs.scriptDir === undefined) {
    const status = await ifRunning(findListener(command).client.get('/v1/status').then(statusIn));
    if (status !== undefined) return status.listener.scriptDir;
  }
  return loadForClient(command).settings.scriptDir;
}

/** @throws UserError when there is none of that name, or one in each of several folders */
function findHook(scriptDir: string, hook: string): Candidate {
  const folders = [...hookFolders, ...listEventFolders(scriptDir).events.map(eventFolder)];
  const all = folders.flatMap((folder) => candidatesIn(scriptDir, folder));
  const found = all.filter(({ name }) => name === hook || name.endsWith(`/${hook}`));
  const [one, another] = found;
  if (one !== undefined && another === undefined) return one;
  if (one !== undefined) {
    throw usage(
      `There are several hooks ${JSON.stringify(hook)}`,
      `Give one of: ${found.map(({ name }) => name).join(', ')}`,
    );
  }
  const names = all.flatMap(({ name }) => [name, name.slice(name.indexOf('/') + 1)]);
  const near = nearest(hook, names);
  throw new UserError(
    exitCode.failed,
    `There is no hook ${JSON.stringify(hook)} in ${scriptDir}`,
    near === undefined ? `${calledAs()} hooks lists them` : `Did you mean ${near}?`,
  );
}

function candidatesIn(scriptDir: string, folder: HookFolder): readonly Candidate[] {
  const listing = listHooks(scriptDir, folder);
  if (listing.kind !== 'unreadable') return listing.kind === 'listed' ? listing.candidates : [];
  throw new UserError(
    exitCode.notPermitted,
    `Cannot read ${join(scriptDir, folder)} (${listing.code})`,
    'Run this with sudo',
  );
}

function notAllowed(error: unknown, path: string): UserError {
  const code = codeOf(error);
  const isForbidden = code === 'EACCES' || code === 'EPERM';
  return new UserError(
    isForbidden ? exitCode.notPermitted : exitCode.failed,
    `Cannot write ${path} (${code})`,
    isForbidden ? 'Run this with sudo' : `See: ls -ld ${quote(dirname(path))}`,
  );
}

const ownVariables = `# Give it variables of your own in [environment] of the settings: Environment= of the service's unit does not reach it.`;

/** A hook to begin with: it works as it is, and says what it could do. */
function hookTemplate(event: NewHookEvent): string {
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
