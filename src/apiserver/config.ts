// What a server is told at start.

export interface ServerConfig {
  readonly serviceCidr: string;
  /** Inclusive. */
  readonly nodePortRange: { readonly from: number; readonly to: number };
  readonly clusterDomain: string;
  /** Address and port that the `kubernetes` Service points to; absent: the Service gets no endpoints. */
  readonly advertise?: { readonly address: string; readonly port: number };
  /** Issuer of service-account tokens. */
  readonly issuer: string;
  /** Requests without credentials become system:anonymous instead of 401. */
  readonly anonymous: boolean;
  /** Paths on which they do; absent: everywhere. */
  readonly anonymousPaths?: readonly string[];
  /** Deep-freeze every object that the server hands out: finds writers in tests. */
  readonly freeze: boolean;
  readonly maxInFlight: number;
  readonly maxMutatingInFlight: number;
  /** Milliseconds until a non-long-running request is given up. */
  readonly requestTimeout: number;
  /** Seconds for which Events are kept. */
  readonly eventTtl: number;
  /** Changes kept in memory per resource, at least, for watches that resume; older ones are read from the store. */
  readonly watchHistory: number;
  /** Milliseconds between compactions of the store; 0: never. History of one interval stays readable. */
  readonly compactionInterval: number;
  /** Group versions (`group/version`) that are served though they are not on by default. */
  readonly runtimeConfig: readonly string[];
  /** Feature gates that are not as in Kubernetes 1.35 by default; see `#api/gated.ts`. */
  readonly featureGates: Readonly<Record<string, boolean>>;
}

export const defaultConfig: ServerConfig = {
  serviceCidr: '10.96.0.0/12',
  nodePortRange: { from: 30000, to: 32767 },
  clusterDomain: 'cluster.local',
  issuer: 'https://kubernetes.default.svc.cluster.local',
  anonymous: true,
  freeze: false,
  maxInFlight: 400,
  maxMutatingInFlight: 200,
  requestTimeout: 60_000,
  eventTtl: 3600,
  watchHistory: 256,
  compactionInterval: 300_000,
  runtimeConfig: [],
  featureGates: {},
};
