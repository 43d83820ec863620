import { describe, expect, test } from 'vitest';
import { Declined } from '../../../src/listener/control/protocol.ts';
import { readRequest } from '../../../src/listener/control/requests.ts';

describe('what is asked for', () => {
  test.each([
    ['GET', '/v1/status', '', { kind: 'status' }],
    ['GET', '/v1/hooks', '', { kind: 'hooks' }],
    ['GET', '/v1/events', '', { kind: 'events' }],
    ['GET', '/v1/history', '', { kind: 'history', query: { n: 50 } }],
    [
      'GET',
      '/v1/history?n=3&event=stop&hook=10-a&failed&since=2026-11-24T00:00:00Z',
      '',
      {
        kind: 'history',
        query: { n: 3, event: 'stop', hook: '10-a', failed: true, since: Date.UTC(2026, 10, 24) },
      },
    ],
    ['GET', '/v1/history?since=1700000000000', '', { kind: 'history', query: { n: 50, since: 1.7e12 } }],
    ['GET', '/v1/history/42', '', { kind: 'history-entry', number: 42 }],
    ['POST', '/v1/trigger', '{"event":"start"}', { kind: 'trigger', event: 'start' }],
    [
      'POST',
      '/v1/trigger?engine=default',
      '{"event":"stop","hook":"on_stop/10-a"}',
      { kind: 'trigger', event: 'stop', engine: 'default', hook: 'on_stop/10-a' },
    ],
    ['POST', '/v1/companion/start', '', { kind: 'companion', message: 'start', wait: 0 }],
    ['POST', '/v1/companion/stop?wait=1.5', '', { kind: 'companion', message: 'stop', wait: 1500 }],
    ['POST', '/v1/companion/stop', '{"wait":90}', { kind: 'companion', message: 'stop', wait: 90_000 }],
  ])('%s %s %s', (method, target, body, request) => {
    expect(readRequest(method, target, body)).toEqual(request);
  });
});

describe('what makes no sense is declined, with what would', () => {
  test.each([
    ['GET', '/', '', 404, 'There is no /'],
    ['GET', '/v2/status', '', 404, 'There is no /v2/status'],
    ['GET', '/v1/history/1e3', '', 404, 'There is no'],
    ['GET', '/v1/history/../status/x', '', 404, 'There is no'],
    ['GET', 'http://elsewhere/v1/status', '', 400, 'no path'],
    ['POST', '/v1/status', '', 405, 'takes GET'],
    ['DELETE', '/v1/trigger', '', 405, 'takes POST'],
    ['POST', '/v1/companion/pause', '', 404, 'There is no'],
    ['POST', '/v1/trigger', '', 400, 'event is missing'],
    ['POST', '/v1/trigger', '{"event":"begin"}', 400, 'event is "begin"'],
    ['POST', '/v1/trigger', '{"event":"start","hok":"a"}', 400, 'no parameter "hok"'],
    ['POST', '/v1/trigger', 'event=start', 400, 'no JSON'],
    ['POST', '/v1/trigger', '[1]', 400, 'no JSON object'],
    ['POST', '/v1/trigger', '{"event":{"a":1}}', 400, 'event is no text'],
    ['POST', '/v1/trigger', 'null', 400, 'no JSON object'],
    ['POST', '/v1/companion/stop?wait=-1', '', 400, 'wait is "-1"'],
    ['POST', '/v1/companion/stop?wait=99999', '', 400, 'wait is "99999"'],
    ['GET', '/v1/history?n=1001', '', 400, 'n is "1001"'],
    ['GET', '/v1/history?since=yesterday', '', 400, 'since is "yesterday"'],
    ['GET', '/v1/history?failed=perhaps', '', 400, 'failed is "perhaps"'],
    ['GET', '/v1/status?n=1', '', 400, 'no parameter "n"'],
  ])('%s %s %s', (method, target, body, status, says) => {
    try {
      expect(readRequest(method, target, body)).toBeUndefined();
    } catch (error) {
      expect(error).toBeInstanceOf(Declined);
      expect((error as Declined).status).toBe(status);
      expect((error as Declined).message).toContain(says);
    }
  });

  test('a misspelt parameter gets the nearest as a hint', () => {
    expect(() => readRequest('POST', '/v1/trigger', '{"event":"start","hok":"a"}')).toThrow(
      expect.objectContaining({ cure: 'Did you mean hook?' }),
    );
  });
});
