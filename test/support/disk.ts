import type { Found, Machine } from '../../src/service/machine.ts';
import { digest } from '../../src/service/machine.ts';
import { type Scope, systemScope } from '../../src/service/scope.ts';
import type { Step } from '../../src/service/step.ts';

type Item =
  | { readonly kind: 'folder' }
  | { readonly kind: 'file'; readonly content: string }
  | { readonly kind: 'link'; readonly target: string };

/** A machine of names alone: plans are made for it, and carried out on it as `apply` does on a real one. */
export interface Disk extends Machine {
  /** What is there, by path. */
  readonly items: Map<string, Item>;
  /** The commands that were run. */
  readonly commands: string[];
  apply(steps: readonly Step[]): void;
  write(path: string, content: string): void;
  /** All that is there, sorted, as `path content`. */
  listing(): string[];
}

/** @param asked what commands that only ask print, by their words; nothing for any other */
export function createDisk(
  folders: readonly string[],
  asked: (words: readonly string[]) => string | undefined = () => undefined,
  scope: Scope = systemScope,
  platform: NodeJS.Platform = 'linux',
): Disk {
  const items = new Map<string, Item>(folders.map((path) => [path, { kind: 'folder' }]));
  const commands: string[] = [];
  const parent = (path: string) => path.slice(0, path.lastIndexOf('/'));
  const within = (folder: string) => [...items.keys()].filter((path) => path.startsWith(`${folder}/`));

  function put(path: string, item: Item): void {
    if (parent(path) !== '' && items.get(parent(path))?.kind !== 'folder') {
      throw new Error(`${path}: there is no folder that it could be in`);
    }
    items.set(path, item);
  }

  function applyStep(step: Step): void {
    switch (step.kind) {
      case 'folder':
        if (items.has(step.path)) throw new Error(`${step.path} is there already`);
        return put(step.path, { kind: 'folder' });
      case 'file':
        return put(step.path, { kind: 'file', content: step.content });
      case 'copy': {
        const from = items.get(step.from);
        if (from === undefined) throw new Error(`There is no ${step.from}`);
        return put(step.path, from);
      }
      case 'link':
        return put(step.path, { kind: 'link', target: step.target });
      case 'remove':
        items.delete(step.path);
        return;
      case 'remove-folder':
        if (within(step.path).length === 0) items.delete(step.path);
        return;
      case 'remove-tree':
        for (const path of [step.path, ...within(step.path)]) items.delete(path);
        return;
      case 'run':
        commands.push(step.words.join(' '));
        return;
      default:
        step satisfies never;
    }
  }

  return {
    platform,
    scope,
    items,
    commands,
    look(path): Found {
      const item = items.get(path);
      if (item === undefined) return { kind: 'nothing' };
      return item.kind === 'file' ? { kind: 'file', digest: digest(item.content) } : item;
    },
    list: (folder) =>
      within(folder)
        .filter((path) => parent(path) === folder)
        .map((path) => path.slice(folder.length + 1)),
    ask: (words) => asked(words) ?? '',
    apply: (steps) => steps.forEach(applyStep),
    write: (path, content) => put(path, { kind: 'file', content }),
    listing: () => [...items].map(([path, item]) => `${path} ${JSON.stringify(item)}`).sort(),
  };
}
