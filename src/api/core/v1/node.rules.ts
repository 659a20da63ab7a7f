// Defaults and validation of Nodes.
import { invalidCidrText, parseCidr } from '#api/addresses.ts';
import { duplicate, forbiddenField, invalid } from '#api/fielderror.ts';
import { dns1123Subdomain } from '#api/formats.ts';
import { semanticEqual } from '#api/walk/equal.ts';
import { type Errors, type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { checkTaints } from './affinity.rules.ts';
import { Node, NodeSpec } from './node.ts';
import { checkResourceAmount } from './resources.rules.ts';

function checkNodeResources(node: Node, errors: Errors): void {
  for (const list of ['capacity', 'allocatable'] as const) {
    for (const [name, amount] of Object.entries(node.status[list] ?? {})) {
      checkResourceAmount(name, amount, `status.${list}.${name}`, errors);
    }
  }
}

function checkAddresses(node: Node, errors: Errors): void {
  const seen = new Set<string>();
  for (const [index, { type, address }] of (node.status.addresses ?? []).entries()) {
    const key = `${type}\0${address}`;
    if (seen.has(key)) errors.push(duplicate(`status.addresses[${index}]`, { type, address }));
    seen.add(key);
  }
}

export const nodeRules: readonly TypeRules[] = [
  typeRules<NodeSpec>(NodeSpec, {
    defaults(spec) {
      const first = spec.podCIDR ?? spec.podCIDRs?.[0];
      if (!first) return;
      spec.podCIDR = first;
      if (spec.podCIDRs?.[0] !== first) spec.podCIDRs = [first];
    },
  }),
  typeRules<Node>(Node, {
    name: dns1123Subdomain,
    defaults(node) {
      if (node.status.capacity) node.status.allocatable ??= { ...node.status.capacity };
    },
    object(node, errors) {
      if (node.spec.taints) checkTaints(node.spec.taints, 'metadata.taints', errors);
      checkNodeResources(node, errors);
      for (const [index, cidr] of (node.spec.podCIDRs ?? []).entries()) {
        if (!parseCidr(cidr)) errors.push(invalid(`spec.podCIDRs[${index}]`, cidr, invalidCidrText));
      }
    },
    update(next, previous, errors) {
      checkAddresses(next, errors);
      const before = previous.spec.podCIDRs ?? [];
      if (before.length && !semanticEqual(next.spec.podCIDRs, before)) {
        errors.push(forbiddenField('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'));
      }
      if (previous.spec.providerID && next.spec.providerID !== previous.spec.providerID) {
        errors.push(forbiddenField('spec.providerID', 'node updates may not change providerID except from "" to valid'));
      }
    },
    status(next, _previous, errors) {
      checkNodeResources(next, errors);
      checkAddresses(next, errors);
    },
  }),
];
