import { nearest } from '../system/nearest.ts';
import { actionsOf, eventFolder, eventFolders } from './engine-events.ts';

/** Folder names that an unknown one may mean. */
export interface EventHint {
  /** The most likely one; undefined when none is near. */
  readonly near: string | undefined;
  /** Further ones that are as likely. */
  readonly also?: readonly string[];
}

interface Words {
  readonly [word: string]: readonly string[];
}

/**
 * Words that people use for an action, by type; the engine's own names for it, the most likely first. `*` holds for
 * each type that has such an action.
 */
const synonyms: { readonly [type: string]: Words } = {
  container: {
    copy: ['archive-path', 'extract-to-dir'],
    cp: ['archive-path', 'extract-to-dir'],
    crash: ['die'],
    crashed: ['die'],
    dead: ['die'],
    died: ['die'],
    down: ['die'],
    end: ['die'],
    ended: ['die'],
    exit: ['die'],
    exited: ['die'],
    fail: ['die'],
    failed: ['die'],
    finish: ['die'],
    finished: ['die'],
    stopped: ['die', 'stop'],
    exec: ['exec_start'],
    health: ['health_status'],
    healthcheck: ['health_status'],
    healthy: ['health_status'],
    unhealthy: ['health_status'],
    oom_kill: ['oom'],
    oom_killed: ['oom'],
    oomkilled: ['oom'],
    resume: ['unpause'],
    resumed: ['unpause'],
    run: ['start'],
    running: ['start'],
    up: ['start'],
  },
  network: { attach: ['connect'], detach: ['disconnect'], join: ['connect'], leave: ['disconnect'] },
  volume: { attach: ['mount'], detach: ['unmount'], umount: ['unmount'] },
  image: { build: ['tag', 'create'], built: ['tag', 'create'] },
  plugin: { install: ['pull', 'enable'], installed: ['pull', 'enable'] },
  '*': {
    add: ['create'],
    all: ['any'],
    every: ['any'],
    event: ['any'],
    events: ['any'],
    added: ['create'],
    begin: ['start'],
    delete: ['destroy', 'delete', 'remove'],
    deleted: ['destroy', 'delete', 'remove'],
    destroy: ['destroy', 'delete', 'remove'],
    destroyed: ['destroy', 'delete', 'remove'],
    new: ['create'],
    remove: ['destroy', 'delete', 'remove'],
    removed: ['destroy', 'delete', 'remove'],
    rm: ['destroy', 'delete', 'remove'],
    rmi: ['delete'],
    began: ['start'],
    started: ['start'],
  },
};

/** Folders that a name of one may mean: by what the word means first, and by its letters where it has no meaning. */
export function hintForFolder(name: string): EventHint {
  if (/^on_(all|every|events?|everything)$/.test(name)) return { near: 'on_any' };
  const { type, word } = parts(name);
  if (type === undefined) return { near: nearest(name, ['on_start', 'on_stop', ...eventFolders.keys()]) };
  if (word === '') return { near: `on_${type}_any` };
  const known = actionsOf(type);
  // Counted without what all folders of the type begin with: a long name would have any action be near.
  const similar = nearest(word, known, Math.max(1, Math.round(word.length * 0.4)));
  const meant = [...known.filter((action) => action.replaceAll('-', '_') === word), ...meanings(type, word)];
  const actions = [...new Set(meant.length > 0 || similar === undefined ? meant : [similar])];
  const [near, ...also] = actions.map((action) => eventFolder({ type, action }));
  return { near, ...(also.length > 0 ? { also } : {}) };
}

/** The same for an event's word, as `container_exit`. */
export function hintForEvent(word: string): EventHint {
  const { near, also } = hintForFolder(`on_${word}`);
  const bare = (folder: string) => folder.slice('on_'.length);
  return { near: near && bare(near), ...(also === undefined ? {} : { also: also.map(bare) }) };
}

/** The type that a folder's name begins with, also in the plural, and the rest of it. */
function parts(name: string): {
  readonly type: string | undefined;
  readonly word: string;
} {
  const [, type = '', word = ''] = /^on_([a-z]+?)s?(?:_([a-z_-]+))?$/.exec(name.toLowerCase()) ?? [];
  return {
    type: actionsOf(type).length > 0 ? type : undefined,
    word: word.replaceAll('-', '_'),
  };
}

function meanings(type: string, word: string): readonly string[] {
  const known = actionsOf(type);
  return [type, '*']
    .flatMap((table) => lookUp(Object.hasOwn(synonyms, table) ? synonyms[table] : undefined, word))
    .filter((action) => known.includes(action));
}

function lookUp(words: Words | undefined, word: string): readonly string[] {
  return words !== undefined && Object.hasOwn(words, word) ? (words[word] ?? []) : [];
}
