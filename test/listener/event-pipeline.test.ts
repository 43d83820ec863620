import { afterEach, beforeEach, expect, test } from 'vitest';
import { EventStartTurns } from '../../src/container-events/event-starts.ts';
import { LedgerFile } from '../../src/container-events/ledger-file.ts';
import { EventPipeline } from '../../src/listener/event-pipeline.ts';
import { unixEndpoint } from '../../src/watch/endpoint/endpoint.ts';
import { SharedFolderWatches } from '../../src/watch/host/folder-watch.ts';
import type { EngineKind } from '../../src/watch/lifecycle/observation.ts';
import { eventOf } from '../support/events.ts';
import { createHookStage, type HookStage } from '../support/hook-stage.ts';

let stage: HookStage;
beforeEach(() => {
  stage = createHookStage();
});
afterEach(() => stage.clear());

test.each<[EngineKind, string, readonly string[]]>([
  ['podman', 'runs them all: containers outlive its service', ['start', 'die']],
  ['docker', 'runs the ends alone', ['die']],
])(
  'a listener that begins while %s is down, with events of its killed predecessor, %s',
  async (kind, _, ran) => {
    for (const action of ['start', 'die'])
      stage.hook(`on_container_${action}/10-note`, `echo ${action} >>"${stage.path('ran')}"`);
    const path = stage.path('ledger.jsonl');
    const killed = new LedgerFile(path, 'new', () => {});
    const names = ['start', 'die'].map((action) => ({ type: 'container', action }));
    killed.ledger.open({ run: 'id', found: 'running', kind, names });
    killed.ledger.setClock('1');
    killed.save();
    killed.take(eventOf('container', 'start', 'a', '1700000000000000001'), 'event');
    killed.take(eventOf('container', 'die', 'b', '1700000000000000002'), 'event');
    const events = new EventPipeline({
      engine: {
        name: 'default',
        endpoint: unixEndpoint(stage.path('none.sock')),
        pidfile: undefined,
        chosenBy: 'test',
      },
      host: stage.host,
      starts: new EventStartTurns(1).join(),
      whenStarted: 'new',
      path,
      folders: new SharedFolderWatches(() => {}, stage.ending.signal),
      record: () => {},
      signal: stage.ending.signal,
    });
    events.absent();
    await events.idle();
    expect(stage.lines('ran').toSorted()).toEqual([...ran].toSorted());
  },
);
