// Sets of NUMA nodes as bits: bit n is the n-th node of the layout. Pure.

export type Mask = number;

/** More nodes than this have no room in a mask. */
export const maxNodes = 30;

export const maskOf = (places: Iterable<number>): Mask => {
  let mask = 0;
  for (const place of places) mask |= 1 << place;
  return mask;
};

/** The places of a mask's nodes, growing. */
export function placesOf(mask: Mask): number[] {
  const places: number[] = [];
  for (let place = 0; mask >> place !== 0; place++) if ((mask >> place) & 1) places.push(place);
  return places;
}

/** How many nodes a mask has. */
export function sizeOf(mask: Mask): number {
  let size = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) size++;
  return size;
}

export const has = (mask: Mask, place: number): boolean => place >= 0 && ((mask >> place) & 1) === 1;

/** The mask of all of so many nodes. */
export const allOf = (nodes: number): Mask => 2 ** nodes - 1;

/** Every mask of so many nodes but the empty one. */
export const everyMask = (nodes: number): Mask[] => Array.from({ length: allOf(nodes) }, (_, index) => index + 1);

/** Orders masks: fewer nodes first; of as many, those of lower places. */
export const byWidth = (a: Mask, b: Mask): number => sizeOf(a) - sizeOf(b) || a - b;
