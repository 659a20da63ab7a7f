// Pure: AuthenticationConfiguration (apiserver.config.k8s.io): whose tokens are believed, and what their claims mean.

/** A value from one claim, or from an expression over `claims`. */
export interface Mapping {
  readonly claim?: string;
  readonly prefix?: string;
  readonly expression?: string;
}

export interface Issuer {
  readonly url: string;
  readonly discoveryURL?: string;
  /** PEM. */
  readonly certificateAuthority?: string;
  readonly audiences: readonly string[];
  readonly claimRules: readonly {
    readonly claim?: string;
    readonly requiredValue?: string;
    readonly expression?: string;
    readonly message?: string;
  }[];
  readonly username: Mapping;
  readonly groups?: Mapping;
  readonly uid?: Mapping;
  readonly extra: readonly { readonly key: string; readonly valueExpression: string }[];
  readonly userRules: readonly { readonly expression: string; readonly message?: string }[];
}

export interface AuthenticationConfig {
  readonly issuers: readonly Issuer[];
  /** Paths on which requests without credentials are let in; undefined: all. Empty: none. */
  readonly anonymousPaths: readonly string[] | undefined;
}

type Loose = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Loose => typeof value === 'object' && value !== null && !Array.isArray(value);

function object(value: unknown, at: string): Loose {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw new Error(`${at} must be an object`);
  return value;
}
function list(value: unknown, at: string): readonly Loose[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every(isObject)) throw new Error(`${at} must be a list of objects`);
  return value;
}

function mapping(value: unknown, at: string, needed: boolean): Mapping | undefined {
  const { claim, prefix, expression } = object(value, at);
  if (claim === undefined && expression === undefined) {
    if (needed) throw new Error(`${at}: claim or expression is required`);
    return undefined;
  }
  if (claim !== undefined && expression !== undefined) throw new Error(`${at}: claim and expression exclude each other`);
  if (claim !== undefined && prefix === undefined) throw new Error(`${at}.prefix is required when claim is set; "" is allowed`);
  return claim === undefined ? { expression: String(expression) } : { claim: String(claim), prefix: String(prefix) };
}

function issuer(value: Loose, at: string): Issuer {
  const about = object(value['issuer'], `${at}.issuer`);
  const { url, discoveryURL, certificateAuthority, audiences } = about;
  if (typeof url !== 'string' || !url.startsWith('https://')) throw new Error(`${at}.issuer.url must be an https URL`);
  if (!Array.isArray(audiences) || audiences.length === 0 || audiences.some((one) => typeof one !== 'string' || one === '')) {
    throw new Error(`${at}.issuer.audiences must name at least one audience`);
  }
  const mappings = object(value['claimMappings'], `${at}.claimMappings`);
  const groups = mapping(mappings['groups'], `${at}.claimMappings.groups`, false);
  const uid = isObject(mappings['uid']) ? mapping({ prefix: '', ...mappings['uid'] }, `${at}.claimMappings.uid`, false) : undefined;
  return {
    url,
    audiences: audiences as string[],
    ...(typeof discoveryURL === 'string' ? { discoveryURL } : {}),
    ...(typeof certificateAuthority === 'string' ? { certificateAuthority } : {}),
    claimRules: list(value['claimValidationRules'], `${at}.claimValidationRules`),
    username: mapping(mappings['username'], `${at}.claimMappings.username`, true) as Mapping,
    ...(groups ? { groups } : {}),
    ...(uid ? { uid } : {}),
    extra: list(mappings['extra'], `${at}.claimMappings.extra`) as unknown as Issuer['extra'],
    userRules: list(value['userValidationRules'], `${at}.userValidationRules`) as unknown as Issuer['userRules'],
  };
}

/** Reads a configuration; throws an Error that says where it is wrong. */
export function parseAuthenticationConfig(value: unknown): AuthenticationConfig {
  const file = object(value, 'the file');
  if (
    file['kind'] !== 'AuthenticationConfiguration' ||
    !/^apiserver\.config\.k8s\.io\/v1(alpha1|beta1)?$/.test(String(file['apiVersion']))
  ) {
    throw new Error('expected apiVersion apiserver.config.k8s.io/v1 and kind AuthenticationConfiguration');
  }
  const issuers = list(file['jwt'], 'jwt').map((one, index) => issuer(one, `jwt[${index}]`));
  const urls = issuers.map(({ url }) => url);
  const twice = urls.find((url, index) => urls.indexOf(url) < index);
  if (twice !== undefined) throw new Error(`issuer ${JSON.stringify(twice)} is configured twice`);
  const anonymous = file['anonymous'] === undefined ? undefined : object(file['anonymous'], 'anonymous');
  const paths = list(anonymous?.['conditions'], 'anonymous.conditions').map(({ path }) => String(path));
  const anonymousPaths =
    anonymous === undefined || (anonymous['enabled'] === true && paths.length === 0)
      ? undefined
      : anonymous['enabled'] === true
        ? paths
        : [];
  return { issuers, anonymousPaths };
}
