// What clients are told when the store cannot be reached.
import { serviceUnavailable, StatusError, timeout } from '#api/status.ts';
import { StoreUnavailableError } from '#store/kv.ts';

/** Whether a write that has failed may have been done all the same. */
export const isFateUnknown = (error: unknown): boolean => error instanceof StoreUnavailableError && error.fate === 'unknown';

/** Seconds after which a client may try again what has certainly not been done. */
const retryAfterSeconds = 1;

/**
 * Failures of the store as statuses, everything else as it is. Clients repeat by themselves what comes with a time to wait: a
 * write that may have been done comes without.
 */
export function storeFailure(error: unknown): unknown {
  if (!(error instanceof StoreUnavailableError)) return error;
  if (error.fate === 'unknown') return timeout(`the store did not answer, the write may have been done: ${error.message}`);
  const { status } = serviceUnavailable(`the store cannot be reached: ${error.message}`);
  return new StatusError({ ...status, details: { ...status.details, retryAfterSeconds } });
}
