import { type Infer, raw, req, string, struct } from '#api/dsl.ts';

export const WatchEvent = struct('meta.v1.WatchEvent', {
  object: req(2, raw, { emit: true }),
  type: req(1, string, { emit: true }),
});
export interface WatchEvent extends Infer<typeof WatchEvent> {}
