import { homedir } from 'node:os';
import { isAbsolute } from 'node:path';
import { nearest } from '../../system/nearest.ts';
import { exitCode, UserError } from '../../system/user-error.ts';
import { chooseEngines } from '../endpoint/engines.ts';
import { FileRefused } from '../endpoint/roots-own.ts';
import { processEnvironment, type UserEnvironment } from '../endpoint/user-environment.ts';
import { defaultHeartbeat, type EngineSettings, type Heartbeat } from '../settings.ts';
import { fileRefusal } from '../words.ts';

/** The engines to watch, and their heartbeat. */
export interface Chosen {
  readonly engines: readonly EngineSettings[];
  readonly heartbeat: Heartbeat;
}

const known = ['host', 'context', 'pidfile', 'heartbeat', 'environment', 'signal', 'onWarning'];
/** The longest timer of Node, in ms. */
const longest = 2 ** 31 - 1;

/**
 * Checks the options of `watchEngines`, for callers without types too. A misspelt option must not have another engine
 * watched than was meant.
 * @throws UserError with exit code 64 for what makes no sense, 77 for a file that root does not use, 78 for Docker's own
 * configuration
 */
export function chooseWatched(options: unknown): Chosen {
  const given = asObject(options, 'the options');
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    throw wrong(
      `there is no option ${JSON.stringify(name)}`,
      near === undefined ? `There are ${known.join(', ')}` : `Did you mean ${near}?`,
    );
  }
  const { signal, onWarning } = given;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw wrong('signal is no AbortSignal', 'Give the signal of an AbortController');
  }
  if (onWarning !== undefined && typeof onWarning !== 'function') {
    throw wrong('onWarning is no function', 'Give a function, or leave it out');
  }
  const hosts = readTexts(given.host, 'host');
  const contexts = readTexts(given.context, 'context');
  const pidfile = readPidfile(given.pidfile);
  if (pidfile !== undefined && hosts.length + contexts.length > 1) {
    throw wrong('pidfile belongs to one engine, but several are given', 'Watch them one by one');
  }
  const asRequested = (from: string) => (value: string) => ({ value, from });
  const request = {
    hosts: hosts.map(asRequested('host')),
    contexts: contexts.map(asRequested('context')),
    pidfile,
  };
  const heartbeat = { ...defaultHeartbeat, ...readHeartbeat(given.heartbeat) };
  try {
    return { engines: chooseEngines(request, environmentOf(given.environment)), heartbeat };
  } catch (error) {
    throw error instanceof FileRefused ? fileRefusal(error) : error;
  }
}

function readTexts(given: unknown, name: string): string[] {
  if (given === undefined) return [];
  const texts: unknown[] = Array.isArray(given) ? given : [given];
  if (texts.length === 0)
    throw wrong(`${name} is an empty list`, 'Leave it out for the one that Docker uses');
  return texts.map((text) => {
    if (typeof text === 'string' && text !== '') return text;
    throw wrong(`${name} holds ${show(text)}`, 'Give a string, or a list of strings');
  });
}

function readPidfile(given: unknown): string | undefined {
  if (given === undefined) return undefined;
  if (typeof given === 'string' && (given === 'none' || isAbsolute(given))) return given;
  throw wrong(`pidfile is ${show(given)}`, 'Give an absolute path, or none');
}

function readHeartbeat(given: unknown): { every: number } | undefined {
  if (given === undefined) return undefined;
  if (typeof given === 'number' && given >= 0 && given <= longest) return { every: given };
  throw wrong(`heartbeat is ${show(given)}`, 'Give milliseconds, as 30000; or 0 for never');
}

function environmentOf(given: unknown): UserEnvironment {
  const real = processEnvironment();
  if (given === undefined) return real;
  const environment = asObject(given, 'environment') as NodeJS.ProcessEnv;
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined || typeof value === 'string') continue;
    throw wrong(`environment.${name} is ${show(value)}`, 'Give a string, or leave it out');
  }
  return { ...real, environment, home: environment.HOME || homedir() };
}

function asObject(given: unknown, name: string): { readonly [key: string]: unknown } {
  if (typeof given === 'object' && given !== null) return given as { [key: string]: unknown };
  throw wrong(
    `${name} is ${given === null ? 'null' : `a ${typeof given}`}`,
    'Give an object, or leave it out',
  );
}

/** Returns a short form of any value; JSON has none for many that a caller without types may give. */
function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

function wrong(found: string, fix: string): UserError {
  return new UserError(exitCode.usage, `watchEngines: ${found}`, fix);
}
