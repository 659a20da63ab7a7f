import { type Infer, list, map, of, opt, req, string, struct } from '#api/dsl.ts';

export const FieldSelectorRequirement = struct('meta.v1.FieldSelectorRequirement', {
  key: req(1, string, { emit: true }),
  operator: req(2, string, { emit: true }),
  values: opt(3, list(string, 'atomic')),
});
export interface FieldSelectorRequirement extends Infer<typeof FieldSelectorRequirement> {}

export const LabelSelectorRequirement = struct('meta.v1.LabelSelectorRequirement', {
  key: req(1, string, { emit: true }),
  operator: req(2, string, { emit: true }),
  values: opt(3, list(string, 'atomic')),
});
export interface LabelSelectorRequirement extends Infer<typeof LabelSelectorRequirement> {}

export const LabelSelector = struct(
  'meta.v1.LabelSelector',
  {
    matchExpressions: opt(
      2,
      list(
        of<LabelSelectorRequirement>(() => LabelSelectorRequirement),
        'atomic',
      ),
    ),
    matchLabels: opt(1, map(string)),
  },
  { mapType: 'atomic' },
);
export interface LabelSelector extends Infer<typeof LabelSelector> {}
