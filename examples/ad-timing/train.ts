// node train.ts --out model.json [--version v1] [--seed 7] [--impressions 60000] [--epochs 4]
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { impressions } from './impressions.ts';
import { auc, save, train } from './model.ts';

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'model.json' },
    version: { type: 'string', default: 'v1' },
    seed: { type: 'string', default: '7' },
    impressions: { type: 'string', default: '60000' },
    epochs: { type: 'string', default: '4' },
  },
});
const seed = Number(values.seed);
const model = train(impressions(Number(values.impressions), seed), { seed, epochs: Number(values.epochs), version: values.version });
const unseen = impressions(20_000, seed + 1);
writeFileSync(values.out, save(model));
console.log(`model ${values.version}: AUC ${auc(model, unseen).toFixed(3)} on ${unseen.length} unseen impressions`);
