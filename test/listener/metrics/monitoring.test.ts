import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { needing } from '../../support/needs.ts';
import { promtool } from '../../support/prometheus.ts';

const docs = fileURLToPath(new URL('../../../docs/', import.meta.url));
const read = (name: string) => readFileSync(join(docs, name), 'utf8');

interface Query {
  readonly refId: string;
  readonly expr: string;
}
interface Dashboard {
  readonly schemaVersion: number;
  readonly uid: string;
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly templating: { readonly list: readonly { name: string; type: string; query: unknown }[] };
  readonly panels: readonly {
    readonly id: number;
    readonly type: string;
    readonly title: string;
    readonly datasource: { readonly uid: string };
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets: readonly Query[];
  }[];
}
const dashboard = JSON.parse(read('grafana-dashboard.json')) as Dashboard;
const queries = [
  ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ...dashboard.annotations.list.map(({ expr }) => expr),
];
const alerts = [...read('alerts.yml').matchAll(/^\s+expr: (.+)$/gm)].map(([, expr = '']) => expr);

/** What the variables of the dashboard are made of. */
const sources = dashboard.templating.list.flatMap(({ type, query }) =>
  type === 'query' ? [(query as { query: string }).query] : [],
);

/** What docs/metrics.md says there is: types and labels by name. */
const described = new Map(
  [...read('metrics.md').matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) \|/gm)].map(
    ([, name = '', type = '', labels = '']) => [
      name,
      { type, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label) },
    ],
  ),
);

/** The metrics that a query names, and the labels that it chooses them by. */
function metricsIn(expr: string) {
  return [...expr.matchAll(/\b((?:docker_lifecycle|process)_\w+|up)(?=[{[\s),]|$)(?:\{([^}]*)\})?/g)].map(
    ([, name = '', inside = '']) => ({
      name,
      labels: [...inside.matchAll(/(\w+)\s*(?:=|!)/g)].map(([, label]) => label),
    }),
  );
}

test.each([...queries, ...sources, ...alerts])('%s names what there is', (expr) => {
  const used = metricsIn(expr);
  expect(used.length).toBeGreaterThan(0);
  for (const { name, labels } of used) {
    if (name === 'up') continue;
    const base = name.replace(/_bucket$/, '');
    const known = described.get(base);
    expect(known, name).toBeDefined();
    expect(known?.type === 'histogram', name).toBe(base !== name);
    // Prometheus itself adds where it asked.
    for (const label of labels) expect([...(known?.labels ?? []), 'instance', 'job']).toContain(label);
  }
});

test('each query is one that Prometheus can answer', needing('promtool'), () => {
  const folder = mkdtempSync(join(tmpdir(), 'dll-rules-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const rules = queries.map((expr, index) => ({
    record: `test:query:${index}`,
    expr: expr.replaceAll(/\$__(rate_interval|range|interval)/g, '1h'),
  }));
  const path = join(folder, 'rules.yml');
  // JSON is YAML.
  writeFileSync(path, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
  const { status, said } = promtool(['check', 'rules', path]);
  expect(said).toContain(`SUCCESS: ${queries.length} rules found`);
  expect(status).toBe(0);
});

test('the dashboard is one that Grafana takes: each panel in its place, with a data source that can be chosen', () => {
  expect(dashboard).toMatchObject({ schemaVersion: 39, uid: expect.stringMatching(/^[\w-]{1,40}$/) });
  const ids = dashboard.panels.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const taken = new Set<string>();
  for (const { title, type, datasource, gridPos, targets } of dashboard.panels) {
    expect(title).not.toBe('');
    expect(type).toMatch(/^(stat|state-timeline|timeseries|table|bargauge)$/);
    expect(datasource).toEqual({ type: 'prometheus', uid: '$' + '{datasource}' });
    const { x, y, w, h } = gridPos;
    expect(x + w, title).toBeLessThanOrEqual(24);
    for (let column = x; column < x + w; column++) {
      for (let row = y; row < y + h; row++) {
        expect(taken, `${title} lies on another panel`).not.toContain(`${column} ${row}`);
        taken.add(`${column} ${row}`);
      }
    }
    const refs = targets.map(({ refId }) => refId);
    expect(new Set(refs).size).toBe(refs.length);
  }
  const variables = dashboard.templating.list.map(({ name }) => name);
  for (const expr of queries) {
    const used = [...expr.matchAll(/\$(\w+)/g)].map(([, name = '']) => name);
    for (const name of used.filter((one) => !one.startsWith('__'))) expect(variables).toContain(name);
  }
});

test('the alerts are rules, and do what their own tests want', needing('promtool'), () => {
  expect(promtool(['check', 'rules', join(docs, 'alerts.yml')])).toMatchObject({ status: 0 });
  const { status, said } = promtool(['test', 'rules', join(docs, 'alerts.test.yml')]);
  expect(said).toContain('SUCCESS');
  expect(status).toBe(0);
});

test('each alert is tried', () => {
  const names = [...read('alerts.yml').matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  const tried = [...read('alerts.test.yml').matchAll(/alertname: (\w+)/g)].map(([, name]) => name);
  expect(new Set(tried)).toEqual(new Set(names));
});
