import assert from 'node:assert/strict';
import { test } from 'node:test';
import { impressions, trueRate } from './impressions.ts';
import { auc, bestMoments, load, save, train } from './model.ts';

test('the model learns when to place an advertisement', () => {
  const model = train(impressions(20_000, 7), { seed: 7, epochs: 3, version: 'test' });
  const unseen = impressions(5_000, 8);
  assert.ok(auc(model, unseen) > 0.63, `AUC ${auc(model, unseen)}`);
  const viewer = { device: 'desktop', category: 'finance', age: 40, sinceLast: 24 } as const;
  const best = bestMoments(model, viewer, 1)[0];
  assert.ok(best);
  // The chosen moment must be worth most of what the truly best moment is worth.
  const top = Math.max(...Array.from({ length: 672 }, (_, quarter) => trueRate(viewer, quarter / 4)));
  assert.ok(trueRate(viewer, best.moment) > 0.7 * top, `rate ${trueRate(viewer, best.moment)} of ${top}`);
});

test('the same seed makes the same model, and a saved model predicts the same', () => {
  const data = impressions(500, 3);
  const options = { seed: 3, epochs: 1, version: 'v1' };
  const model = train(data, options);
  assert.equal(save(train(data, options)), save(model));
  const viewer = { device: 'mobile', category: 'food', age: 30, sinceLast: 12 } as const;
  assert.deepEqual(bestMoments(load(save(model)), viewer, 5), bestMoments(model, viewer, 5));
});
