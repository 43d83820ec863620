import { readArguments } from './cli/arguments.ts';
import { tellListener } from './cli/companion.ts';
import { describeSettings } from './cli/config-check.ts';
import { doctor } from './cli/doctor.ts';
import { describeDryRun, dryRun } from './cli/dry-run.ts';
import { followEvents } from './cli/events.ts';
import { help } from './cli/help.ts';
import { showEntry, showHistory } from './cli/history.ts';
import { newHook, showHooks, switchHook } from './cli/hooks.ts';
import { install } from './cli/install.ts';
import { load } from './cli/load.ts';
import { endWithReader } from './cli/print.ts';
import { runListener } from './cli/run.ts';
import { showStatus } from './cli/status.ts';
import { triggerHooks } from './cli/trigger.ts';
import { uninstall } from './cli/uninstall.ts';
import { waitForEngine } from './cli/wait.ts';
import { runDemo } from './demo/demo.ts';
import { runEmbeddedEngine } from './demo/embedded-engine.ts';
import { currentAccount } from './system/account.ts';
import { exitCode, Failure } from './system/failure.ts';
import { printableText } from './system/printable.ts';
import { version } from './version.ts';

async function main(): Promise<number> {
  const command = readArguments(process.argv.slice(2));
  if (command.kind !== 'run' && command.kind !== 'demo') endWithReader();
  switch (command.kind) {
    case 'help':
      process.stdout.write(help(command.of));
      return exitCode.done;
    case 'version':
      process.stdout.write(`${version}\n`);
      return exitCode.done;
    case 'demo':
      return runDemo((text) => process.stdout.write(text));
    case 'embedded-engine':
      runEmbeddedEngine(command);
      return exitCode.done;
    case 'config-check':
      process.stdout.write(describeSettings(load(command)));
      return exitCode.done;
    case 'dry-run': {
      const account = currentAccount();
      process.stdout.write(describeDryRun(dryRun(load(command).settings, account), account));
      return exitCode.done;
    }
    case 'status':
      return showStatus(command);
    case 'history':
      return showHistory(command);
    case 'history-show':
      return showEntry(command);
    case 'hooks':
      return showHooks(command);
    case 'hooks-switch':
      return switchHook(command);
    case 'hooks-new':
      return newHook(command);
    case 'trigger':
      return triggerHooks(command);
    case 'wait':
      return waitForEngine(command);
    case 'events':
      return followEvents(command);
    case 'run': {
      const { settings, log } = load(command);
      await runListener(settings, log);
      return exitCode.done;
    }
    case 'install':
      return install(command);
    case 'uninstall':
      return uninstall(command);
    case 'doctor':
      return doctor(command);
    case 'companion':
      return tellListener(command);
    default:
      return command satisfies never;
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  const cure = error.cure === undefined ? '' : `\n  ${printableText(error.cure)}`;
  process.stderr.write(`docker-lifecycle-listener: ${printableText(error.message)}${cure}\n`);
  process.exitCode = error.exitCode;
}
