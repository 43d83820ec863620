import { commands } from './commands.ts';
import { describeOption } from './options.ts';

const program = 'docker-lifecycle-listener';

/** What `--help` prints, of everything or of one command. */
export function help(of: string | undefined): string {
  const command = of !== undefined && Object.hasOwn(commands, of) ? commands[of] : undefined;
  if (of === undefined || command === undefined) return helpOfAll();
  const options = command.options.flatMap(describeOption);
  return [
    ...['Usage:', ...calls(of)],
    ...(options.length === 0 ? [] : ['', 'Options:', ...options]),
    ...(examples[of] === undefined ? [] : ['', 'Examples:', ...examples[of].map((line) => `  ${line}`)]),
    '',
  ].join('\n');
}

function helpOfAll(): string {
  const rest = Object.keys(commands).filter((name) => name !== 'run');
  const options = [...(commands.run?.options ?? []), 'help' as const, 'version' as const];
  return `${program}: runs your scripts when Docker starts and when it stops

Usage:
  ${program} <script_dir> [port]    run in the foreground (also: run <script_dir> [port])
  ${program} COMMAND                one of these:

${rest.flatMap(commandLines).join('\n')}

The executables in <script_dir>/on_start run when Docker starts, and once when this starts and Docker
is up; those in <script_dir>/on_stop when Docker stops or dies; one after the other, by name.
[port] is where a notifier container may connect; 47200 by default.

Options:
${options.flatMap(describeOption).join('\n')}

Exit codes:
  0 done, 1 failed, 64 wrong usage, 69 not reachable or the port is in use, 77 not permitted,
  78 wrong settings; status: 0 up, 3 down, 4 unknown

Examples:
  sudo ${program} /etc/docker-lifecycle-listener.d
  ${program} ~/hooks --host unix://$XDG_RUNTIME_DIR/docker.sock
  ${program} /etc/docker-lifecycle-listener.d 47200 --log-format json
  sudo ${program} history --failed --since 2h
`;
}

function calls(name: string): string[] {
  return (commands[name]?.calls ?? []).map(([words, about]) =>
    `  ${`${program} ${name} ${words}`.trimEnd().padEnd(56)}  ${about}`.trimEnd(),
  );
}

function commandLines(name: string): string[] {
  return (commands[name]?.calls ?? []).map(
    ([words, about]) => `  ${`${name} ${words}`.trimEnd().padEnd(28)}  ${about}`,
  );
}

const examples: { readonly [command: string]: readonly string[] } = {
  status: [`sudo ${program} status`, `sudo ${program} status --json | jq -r '.engines[].state'`],
  history: [
    `sudo ${program} history --failed --since 2h`,
    `sudo ${program} history -f --hook 10-routes`,
    `sudo ${program} history show 42`,
  ],
  hooks: [
    `sudo ${program} hooks`,
    `sudo ${program} hooks new 10-routes --event start`,
    `sudo ${program} hooks disable on_stop/20-backup`,
  ],
  trigger: [`sudo ${program} trigger start --hook 10-routes`],
  wait: [`${program} wait start --timeout 60s && docker ps`],
  events: [`sudo ${program} events --json | jq -c 'select(.kind == "transition")'`],
};
