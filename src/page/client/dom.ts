/** What an element is given: attributes, `on` for what is done on a click, `data-key` to find it again. */
export interface Given {
  readonly [attribute: string]: string | boolean | number | undefined | ((event: MouseEvent) => void);
}

type Child = Node | string | undefined | false;

/** Makes an element. Whatever a text holds, it is shown and never read as HTML. */
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

/** Puts an element somewhere in what holds it, in parts of its width: an attribute would not pass the page's own policy. */
export function place<Placed extends HTMLElement>(element: Placed, left: number, width?: number): Placed {
  element.style.setProperty('left', `${left * 100}%`);
  if (width !== undefined) element.style.setProperty('width', `${width * 100}%`);
  return element;
}

/** Fills an element anew. What had the focus has it again, if it is still there. */
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

/** A choice of one of a few, as buttons that are radio buttons to whoever does not see them. */
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
