// How the node pulls images: the settings of a kubelet that are about it.
import type { Verification } from './verification.ts';

export interface ImagePullOptions {
  /** Most pulls at once; undefined: as many as pods ask for. */
  readonly parallel?: number;
  /** Pulls per second, and how many may come at once; 0 per second: no limit. */
  readonly qps: number;
  readonly burst: number;
  /** Milliseconds: how long a pull that failed is held back, at first and at most. */
  readonly backoffInitial: number;
  readonly backoffMax: number;
  /** When a pod must show that it may use an image that is there (feature KubeletEnsureSecretPulledImages); undefined: never. */
  readonly verification?: Verification;
}

export const imagePullDefaults: ImagePullOptions = {
  parallel: 1,
  qps: 5,
  burst: 10,
  backoffInitial: 10_000,
  backoffMax: 300_000,
  verification: { policy: 'NeverVerifyPreloadedImages', allowlist: [] },
};

/** For nodes that have no registry: pulls are as many as they like, and nothing is remembered of them. */
export const unboundPulls: ImagePullOptions = { qps: 0, burst: 0, backoffInitial: 10_000, backoffMax: 300_000 };
