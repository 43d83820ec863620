// Makes schemas/ of the types in src/listener/published.ts. Those of doctor, notifier and page are written by hand.
// Usage: schemas.js [--check] [FOLDER]; with --check nothing is written, and a schema that says something else than its type is an error.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { createGenerator } from 'ts-json-schema-generator';

const types = {
  event: 'EventLine',
  history: 'HistoryAnswer',
  'history-entry': 'HistoryEntryAnswer',
  hooks: 'HooksAnswer',
  status: 'StatusAnswer',
  trigger: 'TriggerAnswer',
};

/** What a type cannot say of a number, by the name of its field. Any other is an integer from 0. */
const numbers = {
  at: { type: 'integer' },
  ...named(['durationMs', 'enoughMs', 'waitedMs', 'withinMs'], { type: 'number' }),
  ...named(['attempt', 'begins', 'cuts', 'debounce', 'most', 'retries'], { type: 'integer', minimum: 1 }),
};
const strings = { timeNano: { type: 'string', pattern: '^\\d+$' } };

/** A cause may be of a later version: programs read its kind. */
const openCause = {
  type: 'object',
  properties: { kind: { type: 'string' } },
  required: ['kind'],
  description: 'What is wrong, by its kind, and what was found',
};

const {
  values: { check },
  positionals: [root = fileURLToPath(new URL('..', import.meta.url))],
} = parseArgs({ options: { check: { type: 'boolean' } }, allowPositionals: true });
const generator = createGenerator({
  path: join(root, 'src/listener/published.ts'),
  tsconfig: join(root, 'tsconfig.json'),
  additionalProperties: true,
  skipTypeCheck: true,
  topRef: false,
  encodeRefs: false,
});
for (const [name, type] of Object.entries(types)) {
  const { definitions, description, $schema: _, ...schema } = generator.createSchema(type);
  const made = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: description,
    ...refined(schema),
    $defs: Object.fromEntries(Object.entries(definitions).filter(isKept).map(definition)),
  };
  const file = join(root, 'schemas', `${name}.schema.json`);
  if (!check) writeFileSync(file, JSON.stringify(made, null, 2));
  else if (!isDeepStrictEqual(meaningOf(readFileSync(file, 'utf8')), meaningOf(JSON.stringify(made)))) {
    console.error(`schemas/${name}.schema.json is not as the types say. Run: node scripts/schemas.js`);
    process.exitCode = 1;
  }
}
if (!check) execFileSync('node_modules/.bin/biome', ['format', '--write', 'schemas'], { cwd: root });

/** Returns a schema without its descriptions: a comment that is reworded makes no schema invalid. */
function meaningOf(text) {
  return JSON.parse(text, (key, value) =>
    key === 'description' && typeof value === 'string' ? undefined : value,
  );
}

function named(names, schema) {
  return Object.fromEntries(names.map((name) => [name, schema]));
}

function isKept([name]) {
  return !['global.NodeJS.Signals', 'RefusalCause'].includes(name);
}

function definition([name, schema]) {
  return [name, name === 'HookRefusalCause' ? openCause : refined(schema)];
}

/** Returns the schema with what its type does not say. @param field the name of the field that it is of */
function refined(schema, field) {
  if (Array.isArray(schema)) return schema.map((one) => refined(one, field));
  if (typeof schema !== 'object' || schema === null) return schema;
  const { properties, $ref, type, ...rest } = schema;
  const others = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, refined(value, field)]));
  const name = $ref?.split('/').at(-1);
  if (name === 'global.NodeJS.Signals') return { type: 'string' };
  if (name !== undefined)
    return { $ref: `#/$defs/${name === 'RefusalCause' ? 'HookRefusalCause' : name}`, ...others };
  if (schema.const !== undefined || schema.enum !== undefined) return others;
  if (properties === undefined) return { ...typed(type, field), ...others };
  const members = Object.entries(properties).map(([key, value]) => [key, refined(value, key)]);
  return { type, properties: Object.fromEntries(members), ...others };
}

function typed(type, field) {
  if (Array.isArray(type)) return { anyOf: type.map((one) => typed(one, field)) };
  if (type === 'number') return numbers[field] ?? { type: 'integer', minimum: 0 };
  return (type === 'string' && strings[field]) || { type };
}
