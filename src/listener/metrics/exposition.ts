/** The `Content-Type` of the answer: the text format that every Prometheus reads. */
export const expositionType = 'text/plain; version=0.0.4; charset=utf-8';

export type Labels = Readonly<Record<string, string>>;

/** One number, and what it is about. `suffix` is for the parts of a histogram. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  readonly suffix?: '_bucket' | '_sum' | '_count';
}

/** A metric, named by Prometheus's rules: a unit's plural at the end, `_total` for a counter. */
export interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
}

/** A metric with the numbers of now. */
export interface Family {
  readonly metric: Metric;
  readonly samples: readonly Sample[];
}

/** Metrics as Prometheus reads them; of one without numbers its head alone. */
export function expose(families: readonly Family[]): string {
  return families.map(exposeFamily).join('');
}

function exposeFamily({ metric: { name, type, help }, samples }: Family): string {
  const lines = samples.map(
    ({ labels, value, suffix = '' }) => `${name}${suffix}${exposeLabels(labels)} ${exposeValue(value)}`,
  );
  return `${[`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`, ...lines].join('\n')}\n`;
}

function exposeLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function exposeValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeValue(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
