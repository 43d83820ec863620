import { hostname } from 'node:os';
import { join } from 'node:path';
import type { FleetStatus } from '../fleet/report.ts';
import { folderOf } from '../hooks/find.ts';
import { planFolders, planHooks } from '../hooks/plan.ts';
import type { Account } from '../system/find-account.ts';
import { nearest } from '../system/nearest.ts';
import { isWithin } from '../system/processes.ts';
import { errorCode, UserError } from '../system/user-error.ts';
import { defaultEndpoint } from '../watch/endpoint/endpoint.ts';
import type { Transition } from '../watch/lifecycle/transition.ts';
import type { SettingChanges } from './config/live-settings.ts';
import type { Settings } from './config/settings.ts';
import type { ControlHost } from './control/answer.ts';
import { createPageServer } from './control/page-server.ts';
import { Declined, type TriggerWish } from './control/protocol.ts';
import type { CutTurns } from './cut-turns.ts';
import type { EventStream } from './event-stream.ts';
import type { ListenerEvent } from './events.ts';
import type { Failures } from './failures.ts';
import { readHistory, readHistoryEntry } from './journal/history.ts';
import type { Metrics } from './metrics/collector.ts';
import { expositionType } from './metrics/exposition.ts';
import type { NotifierPort } from './notifier-port.ts';
import { pageHtml } from './page-html.ts';
import type { Pipeline } from './pipeline.ts';
import { statusOf } from './status.ts';
import { waitForStop } from './stop-wait.ts';
import { type TriggerLine, triggerLine } from './trigger-lines.ts';

interface ControlHostOptions {
  readonly settings: Settings;
  readonly account: Account;
  readonly pipelines: readonly Pipeline[];
  readonly events: EventStream;
  readonly failures: Failures;
  readonly cutTurns: CutTurns;
  readonly metrics: Metrics;
  /** @throws UserError when the settings cannot be read */
  readonly reload: () => SettingChanges;
  readonly notifierPort: NotifierPort;
  readonly fleet: () => FleetStatus | undefined;
  readonly record: (event: ListenerEvent) => void;
  readonly signal: AbortSignal;
}

/** The most waiting transitions at which a request for hooks is taken: what happens to the engine comes first. */
const mostWaiting = 8;

/** Answers what is asked on the control socket. */
export function createControlHost(options: ControlHostOptions): ControlHost {
  const { settings, account, pipelines, events, failures, cutTurns, metrics } = options;
  const { notifierPort, record, signal } = options;
  const journal = join(settings.stateDir, 'journal');
  const planner = { scriptDir: settings.scriptDir, account, settings: settings.hooks };
  const stopWait = {
    settings: settings.hooks,
    manager: account.uid === 0 ? ('system' as const) : ('user' as const),
    record,
    signal,
  };
  const since = new Date();

  const host: ControlHost = {
    status: () =>
      statusOf(settings, since, pipelines, failures.list(), cutTurns, notifierPort.state, options.fleet()),
    hooks: () => ({ folders: planFolders(planner) }),
    async history(query) {
      return { entries: await emptyWhenMissing(readHistory(journal, query)) };
    },
    async historyEntry(number) {
      const [entry] = await emptyWhenMissing(readHistoryEntry(journal, number).then((found) => [found]));
      if (entry === undefined) {
        throw new Declined(
          404,
          `There is no number ${number} in the journal`,
          'GET /v1/history has the numbers',
        );
      }
      return { entry };
    },
    metrics: () => ({ text: metrics.text(), type: expositionType }),
    subscribe: (tell) => events.subscribe(tell),
    notifier: ({ open, port }) => notifierPort.request(open, port),
    page: async () => ({ url: await page.open() }),
    reload: () => reloaded(options.reload),
    async trigger(wish, tell, gone) {
      const report = (line: TriggerLine) => tell(line);
      refuseFromInside(wish, pipelines);
      const pipeline = named(wish.engine, pipelines, undefined);
      const { hooks, engine } = pipeline;
      const only = wish.hook === undefined ? undefined : hookCalled(wish.hook, wish);
      const { waiting } = hooks.snapshot();
      if (waiting.length >= mostWaiting) throw new Declined(503, 'Too much waits for its hooks already');
      const transition: Transition = {
        event: wish.event,
        reason: 'requested',
        source: 'request',
        engine: engine.name,
        at: Date.now(),
        sequence: pipeline.state().sequence,
      };
      record({ kind: 'hooks-requested', transition, hook: only });
      report({ kind: 'accepted', engine: engine.name, event: wish.event, waiting: waiting.length });
      const how = await hooks.request(transition, {
        only,
        gone,
        report(said) {
          const line = triggerLine(said);
          if (line !== undefined) report(line);
        },
      });
      report({ kind: 'done', how });
    },
    async companion(word, gone) {
      const pipeline = named(word.engine, pipelines, 'at its default socket');
      const transitions = pipeline.companion(word.message);
      return {
        engine: pipeline.engine.name,
        told: transitions.map(({ event, sequence }) => ({ event, sequence })),
        hooks:
          word.message === 'stop'
            ? await waitForStop({ ...stopWait, pipeline, wait: word.wait, gone })
            : 'not-waited-for',
      };
    },
  };
  const html = () => pageHtml({ kind: 'live', machine: hostname() });
  const page = createPageServer({ host, html, report: record, signal });
  return host;

  /** @throws Declined when there is no such hook: a name from outside is compared, never used as a path */
  function hookCalled(hook: string, { event }: TriggerWish): string {
    const plan = planHooks(planner, folderOf[event]);
    const names = plan.kind === 'planned' ? plan.hooks.map(({ name }) => name) : [];
    const found = names.find((name) => name === hook || name === `${folderOf[event]}/${hook}`);
    if (found !== undefined) return found;
    const near = nearest(hook, [...names, ...names.map((name) => name.slice(name.indexOf('/') + 1))]);
    throw new Declined(
      404,
      `There is no hook ${JSON.stringify(hook)} in ${folderOf[event]}`,
      near === undefined ? 'docker-lifecycle-listener hooks lists them' : `Did you mean ${near}?`,
    );
  }
}

/** @throws Declined when the settings cannot be read */
function reloaded(reload: () => SettingChanges): SettingChanges {
  try {
    return reload();
  } catch (error) {
    throw error instanceof UserError
      ? new Declined(422, `The settings stay as they were: ${error.message}`, error.fix)
      : error;
  }
}

/**
 * Hooks run one after the other: a hook that waits for the hooks that it asks for waits for its own end, and those of its
 * own event ask again.
 * @throws Declined for a request that comes from inside a hook of on_start or on_stop that runs
 */
function refuseFromInside({ pid, run }: TriggerWish, pipelines: readonly Pipeline[]): void {
  const running = pipelines.flatMap(({ hooks }) => hooks.snapshot().current?.hook ?? []);
  const around = running.find(
    (hook) => hook.id === run || (pid !== undefined && hook.pid !== undefined && isWithin(pid, hook.pid)),
  );
  if (around === undefined) return;
  throw new Declined(
    409,
    `${around.name} runs, and asks for hooks that could only begin after its own end`,
    'Run the file of the hook that is wanted instead',
  );
}

/** @throws Declined when it is not said which engine is meant, or there is no such */
function named(
  name: string | undefined,
  pipelines: readonly Pipeline[],
  preferred: 'at its default socket' | undefined,
): Pipeline {
  const names = pipelines.map(({ engine }) => engine.name);
  const [first] = pipelines;
  if (name === undefined && pipelines.length === 1 && first !== undefined) return first;
  const atDefault = pipelines.find(({ engine: { endpoint } }) =>
    [defaultEndpoint.url, 'unix:///run/docker.sock'].includes(endpoint.url),
  );
  if (name === undefined && preferred !== undefined && atDefault !== undefined) return atDefault;
  const found = pipelines.find(({ engine }) => engine.name === name);
  if (found !== undefined) return found;
  throw new Declined(
    name === undefined ? 400 : 404,
    name === undefined ? 'Several engines are watched' : `There is no engine ${JSON.stringify(name)}`,
    `Give as engine one of: ${names.join(', ')}`,
  );
}

async function emptyWhenMissing<Entry>(reading: Promise<Entry[]>): Promise<Entry[]> {
  try {
    return await reading;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
