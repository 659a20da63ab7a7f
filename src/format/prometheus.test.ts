import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exponential, Histogram, MetricsText } from './prometheus.ts';

test('families of numbers and histograms as text', () => {
  const text = new MetricsText();
  text.numbers('a_total', { type: 'counter', help: 'Counts.' }, [
    [{}, 3],
    [{ path: 'x"\n' }, 1],
  ]);
  text.numbers('empty', { type: 'gauge', help: 'Nothing.' }, []);
  const histogram = new Histogram(exponential(1, 2, 3));
  for (const value of [0.5, 1, 3, 9]) histogram.observe(value);
  text.histograms('h', 'Times.', [[{ of: 'b' }, histogram]]);
  assert.deepEqual(String(text).split('\n'), [
    '# HELP a_total Counts.',
    '# TYPE a_total counter',
    'a_total 3',
    'a_total{path="x\\"\\n"} 1',
    '# HELP h Times.',
    '# TYPE h histogram',
    'h_bucket{of="b",le="1"} 2',
    'h_bucket{of="b",le="2"} 2',
    'h_bucket{of="b",le="4"} 3',
    'h_bucket{of="b",le="+Inf"} 4',
    'h_sum{of="b"} 13.5',
    'h_count{of="b"} 4',
    '',
  ]);
});
