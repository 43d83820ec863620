import { version } from '../version.ts';
import type { Command } from './command.ts';
import { exitCodes, introduction, purpose, statusCodes } from './help.ts';
import { type Option, type OptionName, options } from './options.ts';

const program = 'docker-lifecycle-listener';

/** The manual page (man(7)), of the same tables as `--help`. */
export function manual(commands: readonly Command[]): string {
  return [
    `.\\" Made by: ${program} help --man`,
    `.TH ${program.toUpperCase()} 1 "" "${program} ${version}" "User Commands"`,
    '.SH NAME',
    `${text(program)} \\- ${text(purpose)}`,
    ...synopsis(),
    '.SH DESCRIPTION',
    text(introduction.join(' ')),
    '.PP',
    `It is a plugin of Docker too:\n.B docker lifecycle\ntakes the same commands.`,
    '.SH COMMANDS',
    ...commands.flatMap(commandPart),
    '.SH OPTIONS',
    ...(Object.keys(options) as OptionName[]).flatMap(optionPart),
    '.SH EXIT STATUS',
    ...exitCodes.flatMap(([code, meaning]) => ['.TP', `.B ${code}`, text(meaning)]),
    '.PP',
    `${bold('status')} exits with ${statusCodes.map(([code, meaning]) => `${bold(String(code))} (${meaning})`).join(', ')};`,
    `${bold('trigger')} as the worst of its hooks.`,
    '.SH ENVIRONMENT',
    ...environment.flatMap(([names, about]) => ['.TP', `.BR ${names}`, text(about)]),
    '.SH FILES',
    ...files.flatMap(([path, about]) => ['.TP', `.I ${text(path)}`, text(about)]),
    '.SH EXAMPLES',
    '.EX',
    ...commands.flatMap(({ examples: [first] }) => (first === undefined ? [] : literal(first))),
    '.EE',
    '.SH SEE ALSO',
    '.BR docker (1),',
    '.BR dockerd (8),',
    '.BR systemctl (1)',
    '',
  ]
    .flatMap((line) => wrap(line))
    .join('\n');
}

/** A line of text on as many as the width of man's own asks; a request stays on one. */
function wrap(line: string, width = widest): string[] {
  if (line.length <= width || line.startsWith('.')) return [line];
  const end = line.lastIndexOf(' ', width);
  return end <= 0 ? [line] : [line.slice(0, end), ...wrap(line.slice(end + 1), width)];
}

const widest = 78;

const environment = [
  ['DOCKER_HOST ", " DOCKER_CONTEXT ", " DOCKER_CONFIG', 'which engine is meant, as for docker itself'],
  ['DOCKER_TLS_VERIFY ", " DOCKER_CERT_PATH', 'TLS for an engine at tcp://, as for docker itself'],
  ['NO_COLOR', 'no colours, when it is set and not empty'],
] as const;

const files = [
  ['/etc/docker-lifecycle-listener.d', 'the script folder of the service'],
  ['/etc/docker-lifecycle-listener.toml', 'settings'],
  ['/run/docker-lifecycle-listener/control.sock', 'where a running listener is asked'],
  ['/var/lib/docker-lifecycle-listener', 'what it remembers, and its journal'],
] as const;

function synopsis(): string[] {
  return [
    '.SH SYNOPSIS',
    `.B ${text(program)}`,
    '.I script_dir',
    '[\\fIport\\fR] [\\fIoptions\\fR]',
    '.br',
    `.B ${text(program)}`,
    '.I command',
    '[\\fIoptions\\fR]',
  ];
}

function commandPart({ name, calls, options }: Command): string[] {
  const taken = options.map((option) => bold(flagsOf(option))).join(', ');
  const ways = calls.map(([words, about]) => ['.TP', `${bold(name)} ${text(words)}`.trimEnd(), text(about)]);
  return [...ways.flat(), ...(taken === '' ? [] : ['.br', `Options: ${taken}`])];
}

function optionPart(name: OptionName): string[] {
  const { value, about }: Option = options[name];
  const head = `${bold(flagsOf(name))}${value === undefined ? '' : ` \\fI${text(value)}\\fR`}`;
  return ['.TP', head, text(about.join(' '))];
}

function flagsOf(name: OptionName): string {
  const { short }: Option = options[name];
  return short === undefined ? `--${name}` : `-${short}, --${name}`;
}

function bold(words: string): string {
  return `\\fB${text(words)}\\fR`;
}

/**
 * Text as roff takes it literally: a hyphen that can be copied, quotation marks that a typesetter would turn, and
 * no line that begins as a request.
 */
function text(words: string): string {
  const escaped = words
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('’', '\\(cq')
    .replaceAll('…', '\\&...')
    .replaceAll('~', '\\(ti')
    .replaceAll('^', '\\(ha')
    .replaceAll('`', '\\(ga');
  return escaped.startsWith('.') ? `\\&${escaped}` : escaped;
}

/** A line as it is, whatever its length: a backslash joins what is too long for one. */
function literal(line: string): string[] {
  const lines = wrap(text(line).replaceAll('"', '\\(dq'), widest - ' \\'.length);
  return lines.map((part, index) => (index === lines.length - 1 ? part : `${part} \\`));
}
