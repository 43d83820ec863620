import { dirname } from 'node:path';
import type { Plan } from '../service/plan-install.ts';
import type { Kept, Step } from '../service/step.ts';
import { quote } from '../system/shell-quote.ts';
import { plural } from '../system/words.ts';

/** The most steps that a summary shows one by one. */
const fewSteps = 6;

/** Describes a plan in few lines: one entry for the steps of a part, or of a kind; a line for each command. */
export function summarizePlan({ steps, parts = [] }: Plan): string[] {
  if (steps.length <= fewSteps) return [...describeSteps(steps).values()];
  const groups = new Map<string, { readonly about: string; readonly steps: Map<string, Step> }>();
  for (const step of steps) {
    const about = aboutOf(step, parts);
    const path = 'path' in step ? step.path : '';
    // By the first folder of the path, so that no summary says that something is removed from /.
    const key = `${about} ${path.split('/', 2).join('/')}`;
    const group = groups.get(key) ?? { about, steps: new Map() };
    groups.set(key, group);
    group.steps.set(path, step);
  }
  const lines = [...groups.values()].map((group) => describeAll(group.about, [...group.steps.values()]));
  return [...lines, `\n${plural(steps.length, 'step')}; each with its reason: -v`];
}

/** Returns the purpose of a step; a command, and a tree that is removed, have one of their own. */
function aboutOf(step: Step, parts: NonNullable<Plan['parts']>): string {
  const part = parts.find(({ steps }) => steps.includes(step));
  if (part !== undefined) return part.about;
  switch (step.kind) {
    case 'run':
      return step.words.join(' ');
    case 'remove-tree':
      return step.path;
    case 'remove':
      return 'install wrote it';
    case 'remove-folder':
      return 'if nothing is in it';
    case 'folder':
    case 'file':
    case 'copy':
    case 'link':
      return 'holds what the listener remembers, and the list for uninstall';
    default:
      return step satisfies never;
  }
}

function describeAll(about: string, group: readonly Step[]): string {
  const [step] = group;
  if (step === undefined) return '';
  const alone = group.length === 1;
  if (alone && ['run', 'remove-tree', 'remove-folder'].includes(step.kind))
    return `  ${verbs[step.kind].padEnd(6)}  ${describeObject(step)}`;
  if (alone) return `  ${verbs[step.kind].padEnd(6)}  ${describeObject(step)}\n          ${about}`;
  const paths = group.flatMap((one) => ('path' in one ? [one.path] : []));
  const folders = group.filter(({ kind }) => kind === 'folder' || kind === 'remove-folder').length;
  const files = group.length - folders;
  const counts = [
    ...(files > 0 ? [plural(files, 'file')] : []),
    ...(folders > 0 ? [plural(folders, 'folder')] : []),
  ].join(', ');
  const isAdding = group.some(({ kind }) => kind === 'file' || kind === 'copy');
  const verb = isAdding ? 'write' : verbs[step.kind];
  return `  ${verb.padEnd(6)}  ${commonFolder(paths)} (${counts})\n          ${about}`;
}

/** Returns the folder that all paths are in, or the path that all others are below. */
function commonFolder(paths: readonly string[]): string {
  const [first = '/', ...others] = paths;
  const isAbove = (folder: string) =>
    others.every((path) => `${path}/`.startsWith(folder === '/' ? '/' : `${folder}/`));
  let folder = first;
  while (!isAbove(folder)) folder = dirname(folder);
  return folder === '/' ? '/' : `${folder}/`;
}

/**
 * Describes steps, each before it is done: the same text in a dry run. Files of one folder that are copied or removed
 * one after the other for the same reason, as the parts of the program, have one text, with the first of them.
 */
export function describeSteps(steps: readonly Step[]): ReadonlyMap<Step, string> {
  const texts = new Map<Step, string>();
  for (let at = 0; at < steps.length; ) {
    const [step, ...following] = steps.slice(at);
    if (step === undefined) break;
    const others = following.findIndex((other) => !isAlike(step, other));
    const count = 1 + (others === -1 ? following.length : others);
    const isGroup = count > 3;
    texts.set(step, describeStep(step, isGroup ? describeGroup(step, count) : describeObject(step)));
    at += isGroup ? count : 1;
  }
  return texts;
}

function isAlike(one: Step, other: Step): boolean {
  return (
    (one.kind === 'copy' || one.kind === 'remove') &&
    other.kind === one.kind &&
    other.reason === one.reason &&
    dirname(other.path) === dirname(one.path) &&
    (one.kind !== 'copy' || (other.kind === 'copy' && dirname(other.from) === dirname(one.from)))
  );
}

function describeGroup(step: Step, count: number): string {
  if (step.kind !== 'copy' && step.kind !== 'remove') return describeObject(step);
  const files = `${dirname(step.path)}/* (${count} files)`;
  return step.kind === 'copy' ? `${files}, from ${dirname(step.from)}/` : files;
}

function describeStep({ kind, reason }: Step, object: string): string {
  return `  ${verbs[kind].padEnd(6)}  ${object}\n          ${reason}`;
}

export function describeKept({ path, reason, fix }: Kept): string {
  return `  kept    ${path}\n          ${reason}${fix === undefined ? '' : `. ${fix}`}`;
}

const verbs: { readonly [kind in Step['kind']]: string } = {
  folder: 'make',
  file: 'write',
  copy: 'copy',
  link: 'link',
  remove: 'remove',
  'remove-folder': 'remove',
  'remove-tree': 'remove',
  run: 'run',
};

function describeObject(step: Step): string {
  switch (step.kind) {
    case 'folder':
      return `${step.path}/`;
    case 'file':
      return step.path;
    case 'copy':
      return `${step.path}, from ${step.from}`;
    case 'link':
      return `${step.path} to ${step.target}`;
    case 'remove':
      return step.path;
    case 'remove-folder':
      return `${step.path}/, if nothing is in it`;
    case 'remove-tree':
      return `${step.path}, with all that is in it`;
    case 'run':
      return step.words.map(quote).join(' ');
    default:
      return step satisfies never;
  }
}
