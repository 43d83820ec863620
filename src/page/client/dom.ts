import type { Tone } from './model.ts';

/** The attributes of an element. A function handles its clicks; `data-key` identifies it when it is drawn again. */
interface Given {
  readonly [attribute: string]: string | boolean | number | undefined | ((event: MouseEvent) => void);
}

type Child = Node | string | undefined | false;

/** Makes an element. Text is shown as it is, never parsed as HTML. */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  given: Given = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (typeof value === 'function') element.addEventListener('click', value as (event: Event) => void);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}

/** Positions an element, in parts of its parent's width. The page's policy forbids a style attribute. */
export function place<Placed extends HTMLElement>(element: Placed, left: number, width?: number): Placed {
  element.style.setProperty('left', `${left * 100}%`);
  if (width !== undefined) element.style.setProperty('width', `${width * 100}%`);
  return element;
}

/** Replaces the children of an element. The focus stays on the child with the same `data-key`. */
export function fill(container: Element, ...children: Child[]): void {
  const { activeElement } = document;
  const key =
    activeElement instanceof HTMLElement && container.contains(activeElement)
      ? activeElement.dataset.key
      : undefined;
  container.replaceChildren(...children.filter((child) => child !== undefined && child !== false));
  if (key === undefined) return;
  container.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`There is no ${id}`);
  return found;
}

/** Makes a choice that looks like buttons and is a group of radio buttons for a screen reader. */
export function choice<Value extends string>(
  name: string,
  label: string,
  options: readonly (readonly [value: Value, text: string])[],
  chosen: Value,
  choose: (value: Value) => void,
): HTMLElement {
  const buttons = options.map(([value, text]) => {
    const input = el('input', {
      type: 'radio',
      name,
      value,
      checked: value === chosen,
      'data-key': `${name}-${value}`,
    });
    input.addEventListener('change', () => choose(value));
    return el('label', {}, input, el('span', {}, text));
  });
  return el('fieldset', { class: 'choice' }, el('legend', { class: 'unseen' }, label), ...buttons);
}

const svg = 'http://www.w3.org/2000/svg';

/** A sign for each tone. Signs differ in shape, not in colour alone. */
const shapes: { readonly [tone in Tone]: string } = {
  good: 'M3.5 8.5l3 3 6-7',
  bad: 'M4.5 4.5l7 7m0-7l-7 7',
  busy: 'M8 3.2a4.8 4.8 0 1 1-4.8 4.8',
  quiet: 'M4 8h8',
  up: 'M8 12.5v-9m-3.8 3.8L8 3.5l3.8 3.8',
  down: 'M8 3.5v9m3.8-3.8L8 12.5 4.2 8.7',
};

/** Draws a sign. The words beside it say the same. */
export function icon(tone: Tone): SVGElement {
  const drawing = document.createElementNS(svg, 'svg');
  drawing.setAttribute('viewBox', '0 0 16 16');
  drawing.setAttribute('aria-hidden', 'true');
  drawing.setAttribute('class', `icon ${tone}`);
  const ground = document.createElementNS(svg, 'circle');
  for (const [name, value] of [
    ['cx', '8'],
    ['cy', '8'],
    ['r', '8'],
  ] as const)
    ground.setAttribute(name, value);
  const path = document.createElementNS(svg, 'path');
  path.setAttribute('d', shapes[tone]);
  drawing.append(ground, path);
  return drawing;
}
