import { serviceUnit } from '../../service/layout.ts';
import type { Machine, Supervisor } from '../../service/machine.ts';
import { systemctl } from '../../service/scope.ts';
import { type Finding, note } from './finding.ts';

/** Variables that are the listener's own business: it reads them itself, and they are right in its unit. */
const forListener = /^(?:DOCKER_(?:HOST|CONTEXT|CONFIG|CERT_PATH|TLS|TLS_VERIFY)|SSH_AUTH_SOCK|NODE_\w+)$/;

/** A variable, or a file of them, that a file of the unit gives to the listener. */
interface UnitVariable {
  /** The file of the unit. */
  readonly path: string;
  readonly kind: 'variable' | 'file';
  /** The variable's name, never its value; or the file's path. */
  readonly name: string;
}

/**
 * Points out variables that the unit's drop-ins give to the listener and that no hook gets, because the environment of
 * hooks is built from nothing. Values are not shown.
 * @param given the variables that the settings give to all hooks: those reach them, whatever the unit says
 * @param settingsPath where the settings file is, or is to be
 */
export function checkUnitEnvironment(
  machine: Machine,
  supervisor: Supervisor,
  given: Readonly<Record<string, string>>,
  settingsPath: string,
): Finding[] {
  if (supervisor.kind !== 'systemd') return [];
  const text = machine.ask([...systemctl(machine.scope), 'cat', '--no-pager', '--', serviceUnit]);
  const found = readUnitVariables(text).filter(
    ({ kind, name }) => kind === 'file' || !(forListener.test(name) || Object.hasOwn(given, name)),
  );
  return [...new Set(found.map(({ path }) => path))].map((path) => {
    const here = found.filter((variable) => variable.path === path);
    const names = here.map(({ kind, name }) => (kind === 'file' ? `EnvironmentFile=${name}` : name));
    const verb = names.length === 1 ? 'does' : 'do';
    return note(
      'environment',
      `${[...new Set(names)].join(', ')} in ${path} ${verb} not reach hooks`,
      `Give hooks their variables in ${settingsPath}: ${fixFor(here)}`,
    );
  });
}

function fixFor(variables: readonly UnitVariable[]): string {
  const file = variables.find(({ kind }) => kind === 'file');
  const table = variables.some(({ kind }) => kind === 'variable') ? ['a table [environment]'] : [];
  return [...(file === undefined ? [] : [`environment_file = ${JSON.stringify(file.name)}`]), ...table].join(
    ', and ',
  );
}

/** Reads what `systemctl cat` prints: each file of the unit behind a comment with its path, in the order that counts. */
function readUnitVariables(text: string): UnitVariable[] {
  let path = '';
  let found: UnitVariable[] = [];
  for (const line of text.replaceAll('\\\n', ' ').split('\n')) {
    path = /^# (\/.+\.(?:service|conf))$/.exec(line)?.[1] ?? path;
    const [, setting, value = ''] =
      /^\s*(Environment|EnvironmentFile|PassEnvironment)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (setting === undefined) continue;
    const kind = setting === 'EnvironmentFile' ? 'file' : 'variable';
    // An empty one takes back those before it.
    if (value === '') found = found.filter((variable) => variable.kind !== kind);
    const names = setting === 'EnvironmentFile' ? [value.replace(/^-/, '')] : wordsIn(value).map(nameOf);
    found.push(...names.filter(Boolean).map((name) => ({ path, kind, name }) as const));
  }
  return found;
}

/** Splits at spaces that are not in quotes (systemd.syntax(7)). */
function wordsIn(value: string): string[] {
  return value.match(/(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\\.|[^\s"'\\])+/g) ?? [];
}

function nameOf(word: string): string {
  return /^["']?([A-Za-z_]\w*)/.exec(word)?.[1] ?? '';
}
