/** How often something of its own was to be given to a container, and how often it could not be. */
export interface Pinning {
  requests: number;
  errors: number;
}

export const newPinning = (): Pinning => ({ requests: 0, errors: 0 });

/** Does it, and counts. */
export function counted<T>(pinning: Pinning, work: () => T): T {
  pinning.requests++;
  try {
    return work();
  } catch (error) {
    pinning.errors++;
    throw error;
  }
}
