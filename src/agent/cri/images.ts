// Images: list, status, pull, remove, disk use.
import { isRuntimeNotFound, type Runtime, type RuntimeImage } from '../runtime.ts';
import type { Call } from './call.ts';

type ImageCalls = Pick<Runtime, 'listImages' | 'imageStatus' | 'pullImage' | 'removeImage' | 'imageFsInfo'>;

interface WireUsage {
  readonly timestamp: number;
  readonly fsId?: { readonly mountpoint: string };
  readonly usedBytes?: number;
  readonly inodesUsed?: number;
}

/** The image part of a runtime. */
export function imageCalls(call: Call): ImageCalls {
  return {
    async listImages() {
      return (await call<{ images: readonly RuntimeImage[] }>('ListImages', {})).images;
    },
    async imageStatus(image) {
      return (await call<{ image?: RuntimeImage }>('ImageStatus', { image: { image } })).image;
    },
    async pullImage(image, { auth, sandbox, signal } = {}) {
      const request = { image: { image }, auth, sandboxConfig: sandbox };
      // No time limit of ours: the runtime gives up by itself when a pull makes no progress.
      const answer = await call<{ imageRef: string }>('PullImage', request, { timeoutMs: undefined, ...(signal ? { signal } : {}) });
      return answer.imageRef;
    },
    async removeImage(image) {
      try {
        await call('RemoveImage', { image: { image } });
      } catch (error) {
        if (!isRuntimeNotFound(error)) throw error;
      }
    },
    async imageFsInfo() {
      const answer = await call<{ imageFilesystems: readonly WireUsage[] }>('ImageFsInfo', {});
      return answer.imageFilesystems.map((usage) => ({
        timestamp: usage.timestamp,
        mountpoint: usage.fsId?.mountpoint ?? '',
        usedBytes: usage.usedBytes ?? 0,
        inodesUsed: usage.inodesUsed ?? 0,
      }));
    },
  };
}
