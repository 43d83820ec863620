import { expect, test } from 'vitest';
import { createCounter, createGauge, createHistogram } from '../../../src/listener/metrics/counts.ts';
import { expose } from '../../../src/listener/metrics/exposition.ts';
import { needing } from '../../support/needs.ts';
import { promtool, readMetrics } from '../../support/prometheus.ts';

const metric = { name: 'a_total', type: 'counter', help: 'How often.' } as const;

test('a metric has its head, and one line for each of its numbers', () => {
  const counter = createCounter();
  counter.add({ engine: 'default', event: 'start' });
  counter.add({ event: 'start', engine: 'default' });
  counter.add({ engine: 'default', event: 'stop' }, 0);
  expect(expose([{ metric, samples: counter.samples() }])).toBe(
    [
      '# HELP a_total How often.',
      '# TYPE a_total counter',
      'a_total{engine="default",event="start"} 2',
      'a_total{engine="default",event="stop"} 0',
      '',
    ].join('\n'),
  );
});

test('a gauge has the last number, and large, small and endless ones are written as Prometheus reads them', () => {
  const gauge = createGauge();
  gauge.set({}, 1);
  gauge.set({}, 1_764_023_041.53);
  gauge.set({ of: 'endless' }, Number.POSITIVE_INFINITY);
  gauge.set({ of: 'nothing' }, Number.NEGATIVE_INFINITY);
  const text = expose([
    { metric: { ...metric, name: 'a_seconds', type: 'gauge' }, samples: gauge.samples() },
  ]);
  expect(text.split('\n').slice(2)).toEqual([
    'a_seconds 1764023041.53',
    'a_seconds{of="endless"} +Inf',
    'a_seconds{of="nothing"} -Inf',
    '',
  ]);
});

test('the buckets of a histogram count up, and a value on a bound is in that bucket', () => {
  const histogram = createHistogram([0.1, 1]);
  for (const value of [0.05, 0.1, 0.5, 30]) histogram.observe({ hook: 'a' }, value);
  const text = expose([
    { metric: { ...metric, name: 'a_seconds', type: 'histogram' }, samples: histogram.samples() },
  ]);
  expect(text.split('\n').slice(2)).toEqual([
    'a_seconds_bucket{hook="a",le="0.1"} 2',
    'a_seconds_bucket{hook="a",le="1"} 3',
    'a_seconds_bucket{hook="a",le="+Inf"} 4',
    'a_seconds_sum{hook="a"} 30.65',
    'a_seconds_count{hook="a"} 4',
    '',
  ]);
});

test('a label can hold anything and ends no line', needing('promtool'), () => {
  const hostile = 'on_start/"} 1\nevil_total{x="\\';
  const counter = createCounter();
  counter.add({ hook: hostile });
  const text = expose([{ metric: { ...metric, help: 'A\nline \\ end.' }, samples: counter.samples() }]);
  expect(readMetrics(text)).toEqual([{ name: 'a_total', labels: { hook: hostile }, value: 1 }]);
  expect(promtool(['check', 'metrics'], text)).toEqual({ status: 0, said: '' });
});
