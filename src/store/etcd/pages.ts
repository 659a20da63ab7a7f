// How many keys are read in one go: as many as make an answer of a few megabytes.
import { GrpcError, grpcCode } from '#base/grpc.ts';

const wantedBytes = 8 * 1024 * 1024;
const mostKeys = 10_000;

export class PageSize {
  size = 500;

  /** Learns from a page. */
  took(entries: readonly { readonly value: Uint8Array }[]): void {
    if (entries.length === 0) return;
    let bytes = 0;
    for (const { value } of entries) bytes += value.length + 128;
    this.size = Math.max(1, Math.min(mostKeys, Math.floor((wantedBytes * entries.length) / bytes)));
  }

  /** True when the page was too large to be received: a smaller one is to be asked for. */
  tooLarge(error: unknown): boolean {
    const refused = error instanceof GrpcError && error.code === grpcCode.resourceExhausted && !error.message.startsWith('etcdserver: ');
    if (!refused || this.size === 1) return false;
    this.size = Math.max(1, Math.floor(this.size / 8));
    return true;
  }
}
