import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { expect } from 'vitest';

const compiled = new Map<string, ValidateFunction>();

/** Expects that data is what one of schemas/ says. */
export function expectSchema(name: string, data: unknown): void {
  const validate = compiled.get(name) ?? compile(name);
  compiled.set(name, validate);
  const fits = validate(data);
  expect(fits ? [] : validate.errors, JSON.stringify(data)).toEqual([]);
}

function compile(name: string): ValidateFunction {
  const url = new URL(`../../schemas/${name}.schema.json`, import.meta.url);
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, allowUnionTypes: true });
  return ajv.compile(JSON.parse(readFileSync(url, 'utf8')) as object);
}
