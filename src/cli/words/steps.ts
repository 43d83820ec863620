import type { Kept, Step } from '../../service/step.ts';
import { quote } from '../../system/shell-quote.ts';

/** A step as it is shown before it is done, and to whom it is only shown: the same words for both. */
export function describeStep(step: Step): string {
  return `  ${verbs[step.kind].padEnd(6)}  ${describeObject(step)}\n          ${step.reason}`;
}

export function describeKept({ path, reason, cure }: Kept): string {
  return `  kept    ${path}\n          ${reason}${cure === undefined ? '' : `. ${cure}`}`;
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
