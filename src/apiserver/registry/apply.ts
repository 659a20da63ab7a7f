// Server-side apply.
import { unsupportedMediaType } from '#api/status.ts';
import type { WriteRequest } from './request.ts';
import type { UpdateResult } from './update.ts';

export interface ApplyRequest {
  readonly namespace: string;
  readonly name: string;
  readonly body: unknown;
  mayCreate(): Promise<void>;
}

/** Applies a configuration for its field manager. */
export function applyUpdate(_request: WriteRequest, _apply: ApplyRequest): Promise<UpdateResult> {
  throw unsupportedMediaType(['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json']);
}
