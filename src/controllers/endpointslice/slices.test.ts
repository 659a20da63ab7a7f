import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoint, EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import { type Group, planSlices, type SliceTemplate } from './slices.ts';

const template: SliceTemplate = {
  namespace: 'default',
  generateName: 'web-',
  labels: { 'kubernetes.io/service-name': 'web' },
  owner: { apiVersion: 'v1', kind: 'Service', name: 'web', uid: 'u' },
  triggerTime: undefined,
  max: 3,
};
const ports = [{ name: 'http', port: 80, protocol: 'TCP' as const }];
const endpoint = (n: number, ready = true): Endpoint => ({
  addresses: [`10.0.0.${n}`],
  conditions: { ready },
  targetRef: { kind: 'Pod', namespace: 'default', name: `p${n}` },
});
const group = (...endpoints: Endpoint[]): Group => ({ addressType: 'IPv4', ports, endpoints });
const slice = (name: string, ...endpoints: Endpoint[]): EndpointSlice => ({
  metadata: { name, namespace: 'default', labels: template.labels, ownerReferences: [template.owner] },
  addressType: 'IPv4',
  ports,
  endpoints,
});
const sizes = (existing: EndpointSlice[], groups: Group[]): [number, number, number] => {
  const plan = planSlices(existing, groups, template);
  return [plan.create.length, plan.update.length, plan.delete.length];
};

test('nothing changed: nothing is written', () => {
  assert.deepEqual(sizes([slice('a', endpoint(1), endpoint(2))], [group(endpoint(2), endpoint(1))]), [0, 0, 0]);
});

test('one endpoint changed: one slice is written', () => {
  const existing = [slice('a', endpoint(1), endpoint(2), endpoint(3)), slice('b', endpoint(4))];
  const plan = planSlices(existing, [group(endpoint(1), endpoint(2, false), endpoint(3), endpoint(4))], template);
  assert.deepEqual(
    plan.update.map(({ metadata }) => metadata.name),
    ['a'],
  );
  assert.deepEqual(
    plan.update[0]?.endpoints.map(({ conditions }) => conditions?.ready),
    [true, false, true],
  );
});

test('new endpoints go where there is room; else into new slices', () => {
  assert.deepEqual(
    sizes(
      [slice('a', endpoint(1)), slice('b', endpoint(2), endpoint(3), endpoint(4))],
      [group(...[1, 2, 3, 4, 5, 6].map((n) => endpoint(n)))],
    ),
    [0, 1, 0],
  );
  assert.deepEqual(sizes([slice('b', endpoint(2), endpoint(3), endpoint(4))], [group(...[2, 3, 4, 5].map((n) => endpoint(n)))]), [1, 0, 0]);
  assert.deepEqual(sizes([], [group(...[1, 2, 3, 4, 5, 6, 7].map((n) => endpoint(n)))]), [3, 0, 0]);
});

test('a slice that became empty goes; without endpoints one empty slice stays', () => {
  assert.deepEqual(sizes([slice('a', endpoint(1)), slice('b', endpoint(2))], [group(endpoint(2))]), [0, 0, 1]);
  const placeholder: Group = { addressType: 'IPv4', ports: [], endpoints: [] };
  assert.deepEqual(sizes([], [placeholder]), [1, 0, 0]);
  assert.deepEqual(sizes([{ ...slice('a'), ports: [] }], [placeholder]), [0, 0, 0]);
  // Deleting one and creating one becomes one update.
  assert.deepEqual(sizes([slice('a', endpoint(1))], [placeholder]), [0, 1, 0]);
});

test('other ports: the slice is rewritten; other labels: all slices are', () => {
  const moved = { ...group(endpoint(1)), ports: [{ name: 'http', port: 81, protocol: 'TCP' as const }] };
  assert.deepEqual(sizes([slice('a', endpoint(1))], [moved]), [0, 1, 0]);
  const plan = planSlices([slice('a', endpoint(1)), slice('b', endpoint(2))], [group(endpoint(1), endpoint(2))], {
    ...template,
    labels: { x: 'y' },
  });
  assert.equal(plan.update.length, 2);
});
