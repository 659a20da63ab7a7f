import { bytes, type Infer, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const RangeAllocation = struct('core.v1.RangeAllocation', {
  apiVersion: opt(0, string),
  data: req(3, bytes, { emit: true }),
  kind: opt(0, string),
  metadata: opt(
    1,
    of<ObjectMeta>(() => ObjectMeta),
    { emit: true },
  ),
  range: req(2, string, { emit: true }),
});
export interface RangeAllocation extends Root<Infer<typeof RangeAllocation>, 'metadata'> {}
