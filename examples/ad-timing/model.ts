// A small neural network: click probability from the viewer and the moment. Two hidden layers, trained by Adam.
import { categories, devices, type Impression, type Viewer } from './impressions.ts';
import { seeded } from './random.ts';

const momentInputs = 10;
export const inputs = momentInputs + devices.length + categories.length + 2;

/** Weights row by row with the bias last in each row. */
export interface Model {
  readonly version: string;
  readonly sizes: readonly number[];
  readonly layers: readonly Float32Array[];
}

export interface Prediction {
  /** Hours since Monday 00:00. */
  readonly moment: number;
  readonly rate: number;
}

function encodeMoment(moment: number, into: Float32Array): void {
  const day = (2 * Math.PI * (moment % 24)) / 24;
  const week = (2 * Math.PI * moment) / 168;
  for (let k = 1; k <= 3; k++) {
    into[2 * k - 2] = Math.sin(k * day);
    into[2 * k - 1] = Math.cos(k * day);
  }
  into[6] = Math.sin(week);
  into[7] = Math.cos(week);
  into[8] = moment >= 120 ? 1 : 0;
  into[9] = (moment % 24) / 12 - 1;
}

function encodeViewer(viewer: Viewer, into: Float32Array): void {
  into.fill(0, momentInputs);
  into[momentInputs + devices.indexOf(viewer.device)] = 1;
  into[momentInputs + devices.length + categories.indexOf(viewer.category)] = 1;
  into[inputs - 2] = (viewer.age - 45) / 20;
  into[inputs - 1] = (viewer.sinceLast - 24) / 14;
}

/** One layer; `tanh` on all but the last. `out` receives the activations. */
function layer(weights: Float32Array, from: Float32Array, out: Float32Array, last: boolean): void {
  const width = from.length;
  for (let row = 0, at = 0; row < out.length; row++) {
    let sum = 0;
    for (let column = 0; column < width; column++) sum += (weights[at++] as number) * (from[column] as number);
    sum += weights[at++] as number;
    out[row] = last ? 1 / (1 + Math.exp(-sum)) : Math.tanh(sum);
  }
}

const buffers = (sizes: readonly number[]): Float32Array[] => sizes.map((size) => new Float32Array(size));

function forward(model: Model, activations: readonly Float32Array[]): number {
  model.layers.forEach((weights, i) => {
    layer(weights, activations[i] as Float32Array, activations[i + 1] as Float32Array, i === model.layers.length - 1);
  });
  return (activations.at(-1) as Float32Array)[0] as number;
}

/** Returns a function that gives the click probability; its buffers are reused from call to call. */
export function predictor(model: Model): (viewer: Viewer, moment: number) => number {
  const activations = buffers(model.sizes);
  const first = activations[0] as Float32Array;
  return (viewer, moment) => {
    encodeViewer(viewer, first);
    encodeMoment(moment, first);
    return forward(model, activations);
  };
}

/** The `count` best quarter hours of the week for the viewer, best first. */
export function bestMoments(model: Model, viewer: Viewer, count: number): Prediction[] {
  const rate = predictor(model);
  const all = Array.from({ length: 672 }, (_, quarter) => ({ moment: quarter / 4, rate: rate(viewer, quarter / 4) }));
  return all.toSorted((a, b) => b.rate - a.rate).slice(0, count);
}

export interface TrainOptions {
  readonly seed: number;
  readonly epochs: number;
  readonly version: string;
  readonly hidden?: readonly [number, number];
  readonly rate?: number;
}

/** Trains on the impressions by Adam on the log loss. The same data and options give the same model. */
export function train(data: readonly Impression[], options: TrainOptions): Model {
  const sizes = [inputs, ...(options.hidden ?? [32, 16]), 1];
  const next = seeded(options.seed);
  const layers = sizes.slice(1).map((out, i) => {
    const width = (sizes[i] as number) + 1;
    return Float32Array.from({ length: out * width }, () => ((next() - 0.5) * 2) / Math.sqrt(width));
  });
  const model: Model = { version: options.version, sizes, layers };
  const activations = buffers(sizes);
  const errors = buffers(sizes);
  const moments = layers.map((weights) => ({ first: new Float32Array(weights.length), second: new Float32Array(weights.length) }));
  const order = Uint32Array.from(data, (_, i) => i);
  const learning = options.rate ?? 0.002;
  let step = 0;
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    for (let i = order.length - 1; i > 0; i--) {
      const j = Math.floor(next() * (i + 1));
      [order[i], order[j]] = [order[j] as number, order[i] as number];
    }
    for (const index of order) {
      const sample = data[index] as Impression;
      encodeViewer(sample.viewer, activations[0] as Float32Array);
      encodeMoment(sample.moment, activations[0] as Float32Array);
      (errors.at(-1) as Float32Array)[0] = forward(model, activations) - (sample.clicked ? 1 : 0);
      step++;
      const scale = (learning * Math.sqrt(1 - 0.999 ** Math.min(step, 10_000))) / (1 - 0.9 ** Math.min(step, 10_000));
      for (let i = layers.length - 1; i >= 0; i--) learn(layers[i] as Float32Array, i, scale);
    }
  }
  return model;

  function learn(weights: Float32Array, i: number, scale: number): void {
    const from = activations[i] as Float32Array;
    const error = errors[i + 1] as Float32Array;
    const back = errors[i] as Float32Array;
    const { first, second } = moments[i] as { first: Float32Array; second: Float32Array };
    back.fill(0);
    for (let row = 0, at = 0; row < error.length; row++) {
      const delta = error[row] as number;
      for (let column = 0; column <= from.length; column++, at++) {
        const input = column < from.length ? (from[column] as number) : 1;
        if (column < from.length) back[column] = (back[column] as number) + delta * (weights[at] as number);
        const gradient = delta * input;
        first[at] = 0.9 * (first[at] as number) + 0.1 * gradient;
        second[at] = 0.999 * (second[at] as number) + 0.001 * gradient * gradient;
        weights[at] = (weights[at] as number) - (scale * (first[at] as number)) / (Math.sqrt(second[at] as number) + 1e-8);
      }
    }
    for (let column = 0; column < from.length; column++) back[column] = (back[column] as number) * (1 - (from[column] as number) ** 2);
  }
}

/** Area under the ROC curve on the data: 0.5 is guessing, 1 is perfect. */
export function auc(model: Model, data: readonly Impression[]): number {
  const rate = predictor(model);
  const ranked = data
    .map((sample) => ({ score: rate(sample.viewer, sample.moment), clicked: sample.clicked }))
    .toSorted((a, b) => a.score - b.score);
  let clicks = 0;
  let rankSum = 0;
  ranked.forEach((sample, i) => {
    if (!sample.clicked) return;
    clicks++;
    rankSum += i + 1;
  });
  return (rankSum - (clicks * (clicks + 1)) / 2) / (clicks * (ranked.length - clicks));
}

/** A model as JSON text and back. */
export const save = (model: Model): string => JSON.stringify({ ...model, layers: model.layers.map((weights) => [...weights]) });
export function load(text: string): Model {
  const parsed = JSON.parse(text) as { version: string; sizes: number[]; layers: number[][] };
  return { version: parsed.version, sizes: parsed.sizes, layers: parsed.layers.map((weights) => Float32Array.from(weights)) };
}
