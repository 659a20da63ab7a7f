// What /version tells: the Kubernetes version whose API is served.

export interface VersionOptions {
  /** As Go names it: `linux/amd64`. */
  readonly platform?: string;
  /** Commit of the build, where it is known. */
  readonly commit?: string;
}

/** The version of the API, and of the node agent as it appears in `kubectl get nodes`. */
export const gitVersion = 'v1.35.0+tutti';

/** The `version.Info` document. */
export function versionInfo(options: VersionOptions = {}): object {
  return {
    major: '1',
    minor: '35',
    emulationMajor: '1',
    emulationMinor: '35',
    minCompatibilityMajor: '1',
    minCompatibilityMinor: '34',
    gitVersion,
    gitCommit: options.commit ?? '0000000000000000000000000000000000000000',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: 'none',
    compiler: 'typescript',
    platform: options.platform ?? 'linux/amd64',
  };
}
