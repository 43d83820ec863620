// Draws docs/demo.svg, the picture in the README, from what the demo prints: `node scripts/picture.js`.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const size = { font: 13, line: 19, width: 118, margin: 18 };
const colours = {
  ground: '#14181f',
  text: '#c9d1d9',
  faint: '#7d8590',
  step: '#79c0ff',
  bad: '#ff7b72',
  good: '#7ee787',
};

const demo = spawnSync(process.execPath, [`${root}dist/docker-lifecycle-listener.js`, 'demo'], {
  encoding: 'utf8',
});
if (demo.status !== 0) throw new Error(`The demo failed: ${demo.stdout}${demo.stderr}`);

const lines = ['$ npm ci && npm run demo', ...demo.stdout.trimEnd().split('\n')].flatMap(wrap);
const height = lines.length * size.line + 2 * size.margin;
const width = Math.ceil(size.width * size.font * 0.602) + 2 * size.margin;
const rows = lines.map((line, index) => row(line, size.margin + (index + 0.75) * size.line));
writeFileSync(
  `${root}docs/demo.svg`,
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="What npm run demo prints">
<rect width="100%" height="100%" rx="8" fill="${colours.ground}"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${size.font}" xml:space="preserve">
${rows.join('\n')}
</g>
</svg>
`,
);

/** Long lines go on below, further in. */
function wrap(line) {
  const cut = [];
  let rest = line;
  while (rest.length > size.width) {
    const at = rest.lastIndexOf(' ', size.width);
    cut.push(rest.slice(0, at > 20 ? at : size.width));
    rest = `                 ${rest.slice(at > 20 ? at + 1 : size.width)}`;
  }
  return [...cut, rest];
}

function row(line, y) {
  const time = /^ {2}\d\d:\d\d:\d\d\.\d{3}/.exec(line)?.[0] ?? '';
  const colour = /^[▸$]/.test(line)
    ? colours.step
    : line.includes(' ERROR ')
      ? colours.bad
      : line.startsWith('As it should')
        ? colours.good
        : colours.text;
  const span = (text, fill) => `<tspan fill="${fill}">${escapeXml(text)}</tspan>`;
  return `<text x="${size.margin}" y="${y}">${time && span(time, colours.faint)}${span(line.slice(time.length), colour)}</text>`;
}

function escapeXml(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
