import type { Tone } from './model.ts';

const svg = 'http://www.w3.org/2000/svg';

/** A sign for each tone: told apart by its shape, its colour comes with it. */
const shapes: { readonly [tone in Tone]: string } = {
  good: 'M3.5 8.5l3 3 6-7',
  bad: 'M4.5 4.5l7 7m0-7l-7 7',
  busy: 'M8 3.2a4.8 4.8 0 1 1-4.8 4.8',
  quiet: 'M4 8h8',
  up: 'M8 12.5v-9m-3.8 3.8L8 3.5l3.8 3.8',
  down: 'M8 3.5v9m3.8-3.8L8 12.5 4.2 8.7',
};

/** A drawing beside words that say the same. */
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
