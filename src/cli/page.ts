import { exitCode, UserError } from '../system/user-error.ts';
import { howToStart, ifRunning, theListener } from './listener.ts';
import type { EngineRequest } from './listener-request.ts';
import { calledAs } from './plugin/call.ts';
import { print, remark } from './print.ts';

/**
 * Has the listener serve its page, and tells where; opens no browser.
 * @returns the exit code
 * @throws UserError with exit code 69 when no listener runs
 */
export async function showPage(command: EngineRequest): Promise<number> {
  const { client, path } = theListener(command);
  const answer = (await ifRunning(client.post('/v1/page'))) as { readonly url: string } | undefined;
  if (answer === undefined) {
    const fix = `What it did until then: ${calledAs()} history --html FILE. ${howToStart()}`;
    throw new UserError(exitCode.unavailable, `The listener is not running: nobody answers at ${path}`, fix);
  }
  if (command.json) {
    print(`${JSON.stringify(answer)}\n`);
    return exitCode.done;
  }
  print(`${answer.url}\n`);
  // Docker's own --context stands before many a command, and is meant for none in particular.
  if (command.engine !== undefined) remark('The page shows every engine that the listener watches.\n');
  const { port } = new URL(answer.url);
  remark(
    'Open it in a browser on this machine. Whoever has the address sees what hooks print, so keep it to yourself.\n' +
      `From elsewhere: ssh -L ${port}:127.0.0.1:${port} THIS-MACHINE, and then the same address there.\n` +
      'It is closed ten minutes after nobody has it open any more.\n',
  );
  return exitCode.done;
}
