import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { options } from '../../../src/cli/options.ts';
import { settingRows } from '../../../src/listener/config/rows.ts';
import { describeDefault, type Setting } from '../../../src/listener/config/setting.ts';

const rows: readonly Setting[] = Object.values(settingRows);
const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');

/** A row as the table of docs/configuration.md has it: key, flag, default, about. */
function documented({
  key,
  form,
  argument,
  flags = {},
  type,
  default: value,
  about,
  guide,
  ...row
}: Setting) {
  const names = Object.entries(flags).flatMap(([name, { short }]) =>
    [...(short === undefined ? [] : [`-${short}`]), `--${name}`].map((flag) => `\`${flag}\``),
  );
  const words = describeDefault({ key, form, type, about, ...row }).join(' ');
  const written = value === undefined ? words : `\`${JSON.stringify(type.write(value))}\``;
  const text = `${form === 'list' ? 'a list: ' : ''}${about.join(' ')}`;
  const see = guide === undefined ? '' : `. See [${guide}](${guide})`;
  const cells = [`\`${key}\``, argument ?? names.join(', '), written, `${text}${see}`];
  return `|${cells.map((cell) => (cell === '' ? ' ' : ` ${cell} `)).join('|')}|`;
}

test('the table in docs/configuration.md and the rows agree both ways', () => {
  const [, table = ''] = /^\| key \| flag .*\n\| --- .*\n((?:\|.*\n)+)/m.exec(page) ?? [];
  expect(table.trimEnd().split('\n')).toEqual(rows.map(documented));
});

test('no two settings have the same key, and each flag is an option', () => {
  expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length);
  for (const { flags = {} } of rows)
    for (const name of Object.keys(flags)) expect(options).toHaveProperty(name);
});

test('each default is one that the setting itself reads', () => {
  for (const { type, default: value } of rows) {
    if (value === undefined) continue;
    const text = String(type.write(value));
    expect(type.read({ value: text, from: { kind: 'default' } })).toBe(value);
  }
});
