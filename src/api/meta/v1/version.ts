import { type Infer, opt, req, string, struct } from '#api/dsl.ts';

export const Info = struct('version.Info', {
  buildDate: req(0, string),
  compiler: req(0, string),
  emulationMajor: opt(0, string),
  emulationMinor: opt(0, string),
  gitCommit: req(0, string),
  gitTreeState: req(0, string),
  gitVersion: req(0, string),
  goVersion: req(0, string),
  major: req(0, string),
  minCompatibilityMajor: opt(0, string),
  minCompatibilityMinor: opt(0, string),
  minor: req(0, string),
  platform: req(0, string),
});
export interface Info extends Infer<typeof Info> {}
