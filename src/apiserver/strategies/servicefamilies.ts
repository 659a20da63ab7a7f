// The IP families of a Service: what its policy, its addresses and the cluster's own families make of it (KEP-563). Pure.
import { ipFamily } from '#api/addresses.ts';
import { invalid } from '#api/fielderror.ts';
import type { FieldError } from '#api/status.ts';
import type { ServiceSpec } from '#api/core/v1/service.ts';
import type { IpFamily } from './serviceips.ts';

const same = (a: readonly string[] = [], b: readonly string[] = []): boolean => a.join(' ') === b.join(' ');
const other = (family: IpFamily): IpFamily => (family === 'IPv4' ? 'IPv6' : 'IPv4');
const isLess = (now: readonly string[] = [], before: readonly string[] = []): boolean =>
  before.length === 2 && now.length === 1 && now[0] === before[0];

export interface Families {
  readonly spec: ServiceSpec;
  readonly errors: readonly FieldError[];
}

/**
 * The spec with `ipFamilyPolicy` and `ipFamilies` filled in, and the secondary address given up where the policy says so.
 * `cluster` are the families of the cluster's service ranges, the first being the default.
 */
export function withFamilies(wanted: ServiceSpec, old: ServiceSpec | undefined, cluster: readonly IpFamily[]): Families {
  if (wanted.type === 'ExternalName') return { spec: wanted, errors: [] };
  const unchanged = same(wanted.clusterIPs, old?.clusterIPs) && same(wanted.ipFamilies, old?.ipFamilies);
  // A cluster that becomes dual-stack, or ceases to be, changes no Service by itself.
  if (old?.ipFamilyPolicy === 'PreferDualStack' && wanted.ipFamilyPolicy === 'PreferDualStack' && unchanged && old.ipFamilies?.length)
    return { spec: wanted, errors: [] };
  const headless = wanted.clusterIP === 'None';
  const loose = headless && Object.keys(wanted.selector ?? {}).length === 0;
  const policy = wanted.ipFamilyPolicy ?? old?.ipFamilyPolicy ?? (loose ? 'RequireDualStack' : 'SingleStack');
  const single = policy === 'SingleStack';
  let { clusterIPs = [], ipFamilies = [] } = wanted as { clusterIPs?: readonly string[]; ipFamilies?: readonly IpFamily[] };
  const errors: FieldError[] = [];
  const refuse = (text: string): void => void errors.push(invalid('spec.ipFamilyPolicy', policy, text));
  if (old && single) {
    // Asked for one family and changed nothing else: the second address goes.
    if (same(old.clusterIPs, clusterIPs)) clusterIPs = clusterIPs.slice(0, 1);
    if (same(old.ipFamilies, ipFamilies)) ipFamilies = ipFamilies.slice(0, 1);
  } else if (old) {
    if (isLess(clusterIPs, old.clusterIPs)) refuse("must be 'SingleStack' to release the secondary cluster IP");
    if (isLess(ipFamilies, old.ipFamilies)) refuse("must be 'SingleStack' to release the secondary IP family");
  }
  const several = "must be 'RequireDualStack' or 'PreferDualStack' when multiple";
  if (single && clusterIPs.length === 2) refuse(`${several} cluster IPs are specified`);
  if (single && ipFamilies.length === 2) refuse(`${several} IP families are specified`);
  for (const [index, ip] of clusterIPs.entries()) {
    const family = ipFamily(ip);
    if (family === undefined || index < ipFamilies.length) continue;
    if (cluster.includes(family)) ipFamilies = [...ipFamilies, family];
    else errors.push(invalid(`spec.clusterIPs[${index}]`, clusterIPs, `${family} is not configured on this cluster`));
  }
  const done = (): Families => {
    const { clusterIPs: _, ...rest } = wanted;
    return { spec: { ...rest, ...(clusterIPs.length > 0 ? { clusterIPs } : {}), ipFamilies, ipFamilyPolicy: policy }, errors };
  };
  if (errors.length > 0) return done();
  const [first = cluster[0] ?? 'IPv4'] = ipFamilies;
  if (loose) {
    // Nobody allocates anything for it: it may have both families on any cluster.
    if (ipFamilies.length < 2) ipFamilies = single ? [first] : [first, other(first)];
    return done();
  }
  if (policy === 'RequireDualStack' && cluster.length < 2) refuse('this cluster is not configured for dual-stack services');
  for (const [index, family] of ipFamilies.entries())
    if (!cluster.includes(family)) errors.push(invalid(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'));
  if (errors.length > 0) return done();
  if (ipFamilies.length < 2) ipFamilies = !single && cluster.length === 2 ? [first, other(first)] : [first];
  return done();
}
