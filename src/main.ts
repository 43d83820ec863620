import { readArguments } from './cli/arguments.ts';
import type { Command } from './cli/command.ts';
import { tellListener } from './cli/companion.ts';
import { describeCompletion } from './cli/completion/answer.ts';
import { complete } from './cli/completion/complete.ts';
import { look } from './cli/completion/look.ts';
import { completionScript } from './cli/completion/scripts.ts';
import { describeSettings } from './cli/config-check.ts';
import { doctor } from './cli/doctor.ts';
import { describeDryRun, dryRun } from './cli/dry-run.ts';
import { endUnexpectedly } from './cli/end-unexpectedly.ts';
import { followEvents } from './cli/events.ts';
import { help } from './cli/help.ts';
import { showEntry, showHistory } from './cli/history.ts';
import { newHook, showHooks, switchHook } from './cli/hooks.ts';
import { install } from './cli/install.ts';
import { load } from './cli/load.ts';
import { openLogFile } from './cli/log-file.ts';
import { showLogs } from './cli/logs.ts';
import { manual } from './cli/manual.ts';
import { tendNotifier } from './cli/notifier.ts';
import { showPage } from './cli/page.ts';
import { calledAs, completionWords, environmentOf, readCall } from './cli/plugin/call.ts';
import { endWithDocker } from './cli/plugin/end-with-docker.ts';
import { managePlugin } from './cli/plugin/manage.ts';
import { metadata } from './cli/plugin/wrapper.ts';
import { endWithReader } from './cli/print.ts';
import { writeReport } from './cli/report.ts';
import { runListener } from './cli/run.ts';
import { showStatus } from './cli/status.ts';
import { triggerHooks } from './cli/trigger.ts';
import { uninstall } from './cli/uninstall.ts';
import { waitForEngine } from './cli/wait.ts';
import { watchStatus } from './cli/watch-status.ts';
import { runDemo } from './demo/demo.ts';
import { runEmbeddedEngine } from './demo/embedded-engine.ts';
import { currentAccount } from './system/find-account.ts';
import { printableText } from './system/printable.ts';
import { exitCode, UserError } from './system/user-error.ts';
import { version } from './version.ts';

async function main(): Promise<number> {
  const call = readCall(process.argv);
  if (call.by === 'docker-asking') {
    process.stdout.write(`${metadata()}\n`);
    return exitCode.done;
  }
  const [first = '', ...rest] = call.words;
  if (completionWords.includes(first)) return answerCompletion(first, rest);
  if (call.by === 'name') return carryOut(readArguments(call.words));
  for (const [variable, value] of Object.entries(environmentOf(call.globals))) {
    if (value === undefined) delete process.env[variable];
    else process.env[variable] = value;
  }
  endWithDocker();
  return carryOut(readArguments(call.words, call.globals));
}

async function answerCompletion(kind: string, words: readonly string[]): Promise<never> {
  const completion = await complete(words, look);
  const text = describeCompletion(completion, kind === '__complete');
  // A listener that has not answered yet must not hold up a shell.
  process.stdout.write(text, () => process.exit(exitCode.done));
  return new Promise<never>(() => {});
}

async function carryOut(command: Command): Promise<number> {
  if (command.kind !== 'run' && command.kind !== 'demo') endWithReader();
  switch (command.kind) {
    case 'help':
      process.stdout.write(command.man ? manual() : help(command.of, command.word));
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
      return command.watch ? watchStatus(command) : showStatus(command);
    case 'status-page':
      return showPage(command);
    case 'history-report':
      return writeReport(command);
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
      // Before anything that can fail: where it fails again and again, what it says of that is put aside as well.
      const logFile = command.logFile === undefined ? undefined : openLogFile(command.logFile);
      const { settings, log } = load(command);
      process.removeListener('uncaughtException', endUnexpectedly);
      return runListener(settings, log, (text) => (logFile ?? process.stdout).write(text));
    }
    case 'install':
      return install(command);
    case 'uninstall':
      return uninstall(command);
    case 'doctor':
      return doctor(command);
    case 'logs':
      return showLogs(command);
    case 'plugin':
      return managePlugin(command);
    case 'completion':
      process.stdout.write(completionScript(command.shell));
      return exitCode.done;
    case 'notifier':
      return tendNotifier(command);
    case 'companion':
      return tellListener(command);
    default:
      return command satisfies never;
  }
}

process.on('uncaughtException', endUnexpectedly);
try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UserError)) endUnexpectedly(error);
  const fix = error.fix === undefined ? '' : `\n  ${printableText(error.fix)}`;
  process.stderr.write(`${calledAs()}: ${printableText(error.message)}${fix}\n`);
  process.exitCode = error.exitCode;
}
