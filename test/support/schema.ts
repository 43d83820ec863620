import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';

/** Expects that data is what one of schemas/ says, and returns it. */
export function expectSchema(name: string, data: unknown): void {
  const url = new URL(`../../schemas/${name}.schema.json`, import.meta.url);
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, allowUnionTypes: true });
  const validate = ajv.compile(JSON.parse(readFileSync(url, 'utf8')) as object);
  const fits = validate(data);
  expect(fits ? [] : validate.errors, JSON.stringify(data)).toEqual([]);
}
