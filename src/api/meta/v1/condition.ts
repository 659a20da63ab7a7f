import { type Infer, int64, opt, req, string, struct, time } from '#api/dsl.ts';

export const Condition = struct('meta.v1.Condition', {
  lastTransitionTime: req(4, time, { emit: true }),
  message: req(6, string, { emit: true }),
  observedGeneration: opt(3, int64),
  reason: req(5, string, { emit: true }),
  status: req(2, string, { emit: true }),
  type: req(1, string, { emit: true }),
});
export interface Condition extends Infer<typeof Condition> {}
