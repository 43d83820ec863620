import { spawnSync } from 'node:child_process';
import { request } from 'node:http';

/** A number of a metric, as Prometheus reads it. */
export interface Reading {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * Reads the text format by its own description, not by our writer.
 * @throws Error for a line that is none
 */
export function readMetrics(text: string): Reading[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name, inside = '', value] = /^([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? [];
      if (name === undefined) throw new Error(`That is no line of metrics: ${line}`);
      const pairs = [...inside.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"(?:,|$)/g)];
      if (pairs.map(([pair]) => pair).join('') !== inside) throw new Error(`Those are no labels: ${line}`);
      const labels = pairs.map(([, key = '', raw = '']) => [key, unescaped(raw)]);
      return { name, labels: Object.fromEntries(labels), value: Number(value) };
    });
}

function unescaped(raw: string): string {
  return raw.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}

/** The number of a metric whose labels are at least these; undefined when there is none. */
export function numberOf(text: string, name: string, labels: Readonly<Record<string, string>> = {}) {
  return readMetrics(text).find(
    (reading) =>
      reading.name === name && Object.entries(labels).every(([key, value]) => reading.labels[key] === value),
  )?.value;
}

/** Runs promtool, which judges as Prometheus does. */
export function promtool(words: readonly string[], input = '') {
  const { status, error, stdout, stderr } = spawnSync('promtool', words, { input, encoding: 'utf8' });
  if (error !== undefined) throw error;
  return { status, said: `${stdout}${stderr}` };
}

/** Asks a listener on its control socket, where metrics always are. */
export function askMetrics(control: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: control, path: '/metrics', agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      response.once('end', () => resolve(text));
    });
    asked.once('error', reject).end();
  });
}
