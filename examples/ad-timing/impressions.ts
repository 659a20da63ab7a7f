// The data: impressions of advertisements and whether they were clicked, made from a seed by known preferences, so that
// it can be checked whether the model has learnt them.
import { seeded } from './random.ts';

export const devices = ['mobile', 'desktop', 'tablet'] as const;
export const categories = ['travel', 'fashion', 'food', 'finance', 'sport'] as const;

/** What is known about a viewer before an advertisement is placed. */
export interface Viewer {
  readonly device: (typeof devices)[number];
  readonly category: (typeof categories)[number];
  /** Years. */
  readonly age: number;
  /** Hours since this viewer last saw the campaign. */
  readonly sinceLast: number;
}

export interface Impression {
  readonly viewer: Viewer;
  /** Hours since Monday 00:00, 0 to below 168. */
  readonly moment: number;
  readonly clicked: boolean;
}

/** A bump of height 1 around `centre` o'clock, `width` hours wide, on the 24-hour circle. */
function around(hour: number, centre: number, width: number): number {
  const distance = Math.abs(((hour - centre + 36) % 24) - 12);
  return Math.exp(-((distance / width) ** 2));
}

/** The probability that the viewer clicks at the moment: the truth that the data is drawn from. */
export function trueRate(viewer: Viewer, moment: number): number {
  const hour = moment % 24;
  const weekend = moment >= 120;
  let score = -3;
  if (viewer.device === 'mobile') score += 1.4 * around(hour, 8, 1.5) * (weekend ? 0 : 1) + 1.8 * around(hour, 21, 2.5);
  if (viewer.device === 'desktop') score += (weekend ? 0.3 : 1.9) * around(hour, 14, 3.5);
  if (viewer.device === 'tablet') score += 1.6 * around(hour, 20, 3);
  if (viewer.category === 'food') score += 1.2 * around(hour, 11.5, 1.5) + 0.9 * around(hour, 18, 1.5);
  if (viewer.category === 'travel') score += weekend ? 0.9 : 0;
  if (viewer.category === 'finance') score += weekend ? -1 : 0.8 * around(hour, 9, 2);
  if (viewer.category === 'sport') score += weekend ? 1 * around(hour, 17, 3) : 0;
  if (viewer.category === 'fashion') score += 0.6 * around(hour, 22, 2);
  score += 0.5 * Math.tanh((viewer.sinceLast - 12) / 12) - 0.01 * (viewer.age - 40);
  return 1 / (1 + Math.exp(-score));
}

const pick = <T>(values: readonly T[], draw: number): T => values[Math.floor(draw * values.length)] as T;

/** `count` impressions drawn with `seed`. */
export function impressions(count: number, seed: number): Impression[] {
  const next = seeded(seed);
  return Array.from({ length: count }, () => {
    const viewer: Viewer = {
      device: pick(devices, next()),
      category: pick(categories, next()),
      age: 18 + next() * 60,
      sinceLast: next() * 48,
    };
    const moment = next() * 168;
    return { viewer, moment, clicked: next() < trueRate(viewer, moment) };
  });
}
