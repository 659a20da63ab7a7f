// Defaults and validation of EndpointSlices.
import { invalidIpText, ipFamily, nonSpecialIp } from '#api/addresses.ts';
import { checkFormat, checkLabel, checkSubdomain } from '#api/checks.ts';
import { duplicate, type FieldError, invalid, required, tooMany } from '#api/fielderror.ts';
import { dns1123Label, dns1123Subdomain, immutableText, labelValue, qualifiedName } from '#api/formats.ts';
import { type Errors, type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { type Endpoint, EndpointPort, EndpointSlice } from './endpointslice.ts';

const maxEndpoints = 1000;
const maxAddresses = 100;
const maxPorts = 20000;

function checkAddress(address: string, type: string, at: string, errors: FieldError[]): void {
  if (type === 'FQDN') {
    checkFormat(dns1123Subdomain, address, at, errors);
    return;
  }
  const family = ipFamily(address);
  if (!family) errors.push(invalid(at, address, invalidIpText));
  else if (family !== type) errors.push(invalid(at, address, `must be a valid ${type} address`));
  else for (const text of nonSpecialIp(address)) errors.push(invalid(at, address, text));
}

function checkEndpoint(endpoint: Endpoint, type: string, at: string, errors: Errors): void {
  if (endpoint.addresses.length === 0) errors.push(required(`${at}.addresses`, 'must contain at least 1 address'));
  else if (endpoint.addresses.length > maxAddresses) errors.push(tooMany(`${at}.addresses`, endpoint.addresses.length, maxAddresses));
  for (const [index, address] of endpoint.addresses.entries()) checkAddress(address, type, `${at}.addresses[${index}]`, errors);
  checkSubdomain(endpoint.nodeName, `${at}.nodeName`, errors);
  checkLabel(endpoint.hostname, `${at}.hostname`, errors);
  if (endpoint.zone) checkFormat(labelValue, endpoint.zone, `${at}.zone`, errors);
  for (const list of ['forZones', 'forNodes'] as const) {
    const hints = endpoint.hints?.[list] ?? [];
    if (hints.length > 8) errors.push(tooMany(`${at}.hints.${list}`, hints.length, 8));
    const names = new Set<string>();
    for (const [index, { name }] of hints.entries()) {
      if (names.has(name)) errors.push(duplicate(`${at}.hints.${list}[${index}].name`, name));
      names.add(name);
    }
  }
  for (const key of ['kubernetes.io/hostname', 'topology.kubernetes.io/zone']) {
    if (endpoint.deprecatedTopology?.[key] !== undefined) {
      errors.push(invalid(`${at}.deprecatedTopology[${key}]`, key, 'may not be set in the v1 API'));
    }
  }
}

export const endpointSliceRules: readonly TypeRules[] = [
  typeRules<EndpointPort>(EndpointPort, {
    defaults(port) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    },
  }),
  typeRules<EndpointSlice>(EndpointSlice, {
    object(slice, errors) {
      if ((slice.addressType as string) === '') errors.push(required('addressType'));
      if (slice.endpoints.length > maxEndpoints) errors.push(tooMany('endpoints', slice.endpoints.length, maxEndpoints));
      for (const [index, endpoint] of slice.endpoints.entries()) {
        checkEndpoint(endpoint, slice.addressType, `endpoints[${index}]`, errors);
      }
      const ports = slice.ports ?? [];
      if (ports.length > maxPorts) errors.push(tooMany('ports', ports.length, maxPorts));
      const names = new Set<string>();
      for (const [index, port] of ports.entries()) {
        const name = port.name ?? '';
        if (name !== '') checkFormat(dns1123Label, name, `ports[${index}].name`, errors);
        if (names.has(name)) errors.push(duplicate(`ports[${index}].name`, name));
        names.add(name);
        if (!port.protocol) errors.push(required(`ports[${index}].protocol`));
        if (port.appProtocol) checkFormat(qualifiedName, port.appProtocol, `ports[${index}].appProtocol`, errors);
      }
    },
    update(next, previous, errors) {
      if (next.addressType !== previous.addressType) errors.push(invalid('addressType', next.addressType, immutableText));
    },
  }),
];
