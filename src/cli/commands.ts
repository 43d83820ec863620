import type { Command } from './command.ts';
import { checkParts } from './commands/check-parts.ts';
import { companion } from './commands/companion.ts';
import { completion } from './commands/completion.ts';
import { config } from './commands/config.ts';
import { demo } from './commands/demo.ts';
import { doctor } from './commands/doctor.ts';
import { embeddedEngine } from './commands/embedded-engine.ts';
import { events } from './commands/events.ts';
import { fleet } from './commands/fleet.ts';
import { help } from './commands/help.ts';
import { history } from './commands/history.ts';
import { hooks } from './commands/hooks.ts';
import { install } from './commands/install.ts';
import { logs } from './commands/logs.ts';
import { notifier } from './commands/notifier.ts';
import { plugin } from './commands/plugin.ts';
import { reload } from './commands/reload.ts';
import { run } from './commands/run.ts';
import { status } from './commands/status.ts';
import { trigger } from './commands/trigger.ts';
import { uninstall } from './commands/uninstall.ts';
import { wait } from './commands/wait.ts';

/** Every command, in the order of `--help`. A line here adds a command. */
export const commands: readonly Command[] = [
  run,
  status,
  history,
  hooks,
  trigger,
  wait,
  events,
  config,
  reload,
  install,
  uninstall,
  doctor,
  logs,
  plugin,
  completion,
  notifier,
  fleet,
  demo,
  help,
];

/** Commands that other programs call: neither help nor completion lists them. */
export const hiddenCommands: readonly Command[] = [checkParts, companion, embeddedEngine];
