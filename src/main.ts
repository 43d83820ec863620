import { readArguments } from './cli/arguments.ts';
import { tellListener } from './cli/companion.ts';
import { describeSettings } from './cli/config-check.ts';
import { doctor } from './cli/doctor.ts';
import { describeDryRun, dryRun } from './cli/dry-run.ts';
import { help } from './cli/help.ts';
import { install } from './cli/install.ts';
import { load } from './cli/load.ts';
import { runListener } from './cli/run.ts';
import { showStatus } from './cli/status.ts';
import { uninstall } from './cli/uninstall.ts';
import { runDemo } from './demo/demo.ts';
import { runEmbeddedEngine } from './demo/embedded-engine.ts';
import { currentAccount } from './system/account.ts';
import { exitCode, Failure } from './system/failure.ts';
import { printableText } from './system/printable.ts';
import { version } from './version.ts';

const print = (text: string) => void process.stdout.write(text);

async function main(): Promise<number> {
  const command = readArguments(process.argv.slice(2));
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
      return showStatus(command, print);
    case 'history':
    case 'history-show':
    case 'hooks':
    case 'hooks-switch':
    case 'hooks-new':
    case 'trigger':
    case 'wait':
    case 'events':
      throw new Failure(exitCode.failed, 'Not yet');
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
