import { type Command, findCommand } from './command.ts';
import { describeOption, type OptionName } from './options.ts';
import { calledAs } from './plugin/call.ts';

const program = 'docker-lifecycle-listener';

/** The purpose of the program, in a line. */
export const purpose = 'runs your scripts when Docker starts and when it stops';

/** Explains `<script_dir>` and `[port]`, before anything else. */
export const introduction = [
  'The executables in <script_dir>/on_start run when Docker starts, and once when this starts and Docker',
  'is up; those in <script_dir>/on_stop when Docker stops or dies; one after the other, by name.',
  '[port] is where a notifier container may connect; 47200 by default.',
] as const;

/** Each exit code, and what it says. */
export const exitCodes: readonly (readonly [code: number, meaning: string])[] = [
  [0, 'done'],
  [1, 'failed'],
  [64, 'wrong usage'],
  [69, 'not reachable, or the port is in use'],
  [70, 'an error of the program itself'],
  [77, 'not permitted'],
  [78, 'wrong settings'],
];

/** The same of `status`, which has codes of its own. */
export const statusCodes: typeof exitCodes = [
  [0, 'up'],
  [3, 'down'],
  [4, 'unknown'],
];

/**
 * The text of `--help`, of all commands or of one.
 * @param word the argument after the command: omits options that belong to another word
 * @param called the name by which the user has called the program
 */
export function help(
  commands: readonly Command[],
  of: string | undefined,
  word?: string,
  called: string = calledAs(),
): string {
  const command = findCommand(commands, of);
  if (command === undefined) return helpOfAll(commands, called);
  const options: readonly OptionName[] = [
    ...command.options.filter((option) => belongs(command.belongsTo?.[option], word, command.calls)),
    'help',
  ];
  return [
    ...['Usage:', ...calls(command, called)],
    ...['', 'Options:', ...options.flatMap(describeOption)],
    ...['', 'Examples:', ...command.examples.map((line) => `  ${as(line, called)}`)],
    '',
  ].join('\n');
}

/** Returns true if an option goes with a word of its command; without such a word all do. */
function belongs(
  owner: string | undefined,
  word: string | undefined,
  calls: readonly (readonly [words: string, about: string])[],
): boolean {
  const isKnown = calls.some(([words]) => words.split(' ')[0] === word);
  return owner === undefined || word === undefined || !isKnown || owner === word;
}

function helpOfAll(commands: readonly Command[], called: string): string {
  const rest = commands.filter(({ name }) => name !== 'run');
  const options = [...(findCommand(commands, 'run')?.options ?? []), 'help' as const, 'version' as const];
  const list = (codes: typeof exitCodes) => codes.map(([code, meaning]) => `${code} ${meaning}`).join('; ');
  return `${called}: ${purpose}

Usage:
  ${called} <script_dir> [port]    run in the foreground (also: run <script_dir> [port])
  ${called} COMMAND                one of these:

${rest.flatMap(commandLines).join('\n')}

${introduction.join('\n')}

Options of run:
${options.flatMap(describeOption).join('\n')}

Exit codes:
  ${list(exitCodes.slice(0, 4))};
  ${list(exitCodes.slice(4))}; status: ${list(statusCodes)}

Examples:
  ${as(`sudo ${program} /etc/docker-lifecycle-listener.d`, called)}
  ${as(`sudo ${program} history --failed --since 2h`, called)}
  ${as(`${program} wait start --timeout 60s && docker ps`, called)}

What a command takes, with examples: ${called} COMMAND --help
`;
}

/** A line with the program called as its user calls it. */
function as(line: string, called: string): string {
  return line.replaceAll(new RegExp(`\\b${program}(?= [^>])`, 'g'), called);
}

/** Each way to write it, and beside it or, where that is too long, below it what that does. */
function calls(command: Command, called: string): string[] {
  const all = command.calls.map(
    ([words, about]) => [`${called} ${command.name} ${words}`.trimEnd(), about] as const,
  );
  const width = Math.max(...all.map(([words]) => words.length));
  const fits = all.every(([, about]) => width + about.length + 4 <= widest);
  return all.flatMap(([words, about]) =>
    fits ? [`  ${words.padEnd(width)}  ${about}`] : [`  ${words}`, `      ${about}`],
  );
}

/** In columns: more than most terminals have is hard to read anyway. */
const widest = 110;

function commandLines({ name, calls }: Command): string[] {
  return calls.map(([words, about]) => `  ${`${name} ${words}`.trimEnd().padEnd(28)}  ${about}`);
}
