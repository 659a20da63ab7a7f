// Pure: how many seats a request takes.
import type { RequestInfo } from '../chain.ts';

const objectsPerSeat = 100;
const widest = 10;

/** One, or for lists as many as the objects to be looked through ask for. */
export function widthOf(info: RequestInfo, params: URLSearchParams, objects: (info: RequestInfo) => number): number {
  if (info.verb !== 'list') return 1;
  const limit = Number(params.get('limit') ?? 0);
  const count = objects(info);
  const looked = limit > 0 && !params.get('fieldSelector') && !params.get('labelSelector') ? Math.min(limit, count) : count;
  return Math.max(1, Math.min(widest, Math.ceil(looked / objectsPerSeat)));
}
