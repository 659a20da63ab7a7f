import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Service, ServiceSpec } from '#api/core/v1/service.ts';
import { frontsOfPod, frontsOfService } from './front.ts';

const service = (spec: ServiceSpec): Service => ({
  metadata: { name: 's', namespace: 'd' },
  spec: { clusterIP: '10.96.0.10', clusterIPs: ['10.96.0.10'], ...spec },
  status: {},
});
const slice = (endpoints: EndpointSlice['endpoints'], port = 8080): EndpointSlice => ({
  metadata: { name: 's-1', namespace: 'd' },
  addressType: 'IPv4',
  ports: [{ name: 'http', port, protocol: 'TCP' }],
  endpoints,
});
const http = { name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' } as const;

test('ready endpoints are used; terminating ones only when nothing is ready', () => {
  const dying = { addresses: ['10.244.0.3'], conditions: { ready: false, serving: true, terminating: true } };
  const alive = { addresses: ['10.244.0.2'], conditions: { ready: true } };
  const both = frontsOfService(service({ ports: [http] }), [slice([alive, dying])], { nodeName: 'n1' });
  assert.deepEqual(both[0]?.backends, [{ address: '10.244.0.2', port: 8080 }]);
  const last = frontsOfService(service({ ports: [http] }), [slice([dying])], { nodeName: 'n1' });
  assert.deepEqual(last[0]?.backends, [{ address: '10.244.0.3', port: 8080 }]);
  assert.equal(last[0]?.ready.size, 0);
});

test('node ports, external addresses and local traffic policy', () => {
  const spec: ServiceSpec = {
    type: 'NodePort',
    ports: [{ ...http, nodePort: 30080 }],
    externalIPs: ['192.0.2.7'],
    externalTrafficPolicy: 'Local',
  };
  const fronts = frontsOfService(
    service(spec),
    [
      slice([
        { addresses: ['10.244.0.2'], nodeName: 'n1' },
        { addresses: ['10.244.1.2'], nodeName: 'n2' },
      ]),
    ],
    { nodeName: 'n1' },
  );
  assert.deepEqual(
    fronts.map((front) => [front.kind, front.address, front.port, front.backends.length, front.masquerade]),
    [
      ['cluster', '10.96.0.10', 80, 2, true],
      ['external', '192.0.2.7', 80, 1, false],
      ['port', '', 30080, 1, false],
      ['external', '192.0.2.7', 80, 2, false],
      ['port', '', 30080, 2, false],
    ],
  );
  assert.deepEqual(
    fronts.map(({ fromInside }) => fromInside ?? false),
    [false, false, false, true, true],
  );
});

test('headless and ExternalName Services have no fronts', () => {
  assert.deepEqual(frontsOfService(service({ clusterIP: 'None', clusterIPs: ['None'], ports: [http] }), [], { nodeName: 'n1' }), []);
  assert.deepEqual(
    frontsOfService(service({ type: 'ExternalName', externalName: 'example.org', clusterIP: '', clusterIPs: [] }), [], { nodeName: 'n1' }),
    [],
  );
});

test('hostPorts of a running pod, bound to one address or to all', () => {
  const pod: Pod = {
    metadata: { name: 'p', namespace: 'd' },
    spec: {
      containers: [
        {
          name: 'c',
          ports: [
            { containerPort: 80, hostPort: 8080 },
            { containerPort: 53, hostPort: 5353, hostIP: '192.0.2.7', protocol: 'UDP' },
          ],
        },
      ],
    },
    status: { phase: 'Running', podIPs: [{ ip: '10.244.0.9' }] },
  };
  assert.deepEqual(
    frontsOfPod(pod).map((front) => [front.kind, front.address, front.protocol, front.port, front.backends]),
    [
      ['host', '', 'tcp', 8080, [{ address: '10.244.0.9', port: 80 }]],
      ['hostip', '192.0.2.7', 'udp', 5353, [{ address: '10.244.0.9', port: 53 }]],
    ],
  );
});

test('with the policy Local a node falls back to its own terminating endpoints, never to others', () => {
  const dying = { addresses: ['10.244.0.3'], nodeName: 'n1', conditions: { ready: false, serving: true, terminating: true } };
  const far = { addresses: ['10.244.1.2'], nodeName: 'n2', conditions: { ready: true } };
  const spec: ServiceSpec = { internalTrafficPolicy: 'Local', ports: [http] };
  const chosen = (nodeName: string) => frontsOfService(service(spec), [slice([dying, far])], { nodeName })[0]?.backends;
  assert.deepEqual(chosen('n1'), [{ address: '10.244.0.3', port: 8080 }]);
  assert.deepEqual(chosen('n3'), []);
});

test('hints lead to the node or zone that they name, if every endpoint has one', () => {
  const hinted = (address: string, zone: string, node?: string) => ({
    addresses: [address],
    conditions: { ready: true },
    hints: { forZones: [{ name: zone }], ...(node ? { forNodes: [{ name: node }] } : {}) },
  });
  const chosen = (endpoints: EndpointSlice['endpoints'], here: { nodeName: string; zone?: string }) =>
    frontsOfService(service({ ports: [http] }), [slice(endpoints)], here)[0]?.backends.map(({ address }) => address);
  const byZone = [hinted('10.0.0.1', 'a'), hinted('10.0.0.2', 'b'), hinted('10.0.0.3', 'b')];
  assert.deepEqual(chosen(byZone, { nodeName: 'n', zone: 'b' }), ['10.0.0.2', '10.0.0.3']);
  assert.equal(chosen(byZone, { nodeName: 'n', zone: 'c' })?.length, 3);
  assert.equal(chosen(byZone, { nodeName: 'n' })?.length, 3);
  assert.equal(chosen([...byZone, { addresses: ['10.0.0.4'] }], { nodeName: 'n', zone: 'b' })?.length, 4);
  const byNode = [hinted('10.0.0.1', 'a', 'n1'), hinted('10.0.0.2', 'b', 'n2')];
  assert.deepEqual(chosen(byNode, { nodeName: 'n2', zone: 'a' }), ['10.0.0.2']);
  assert.deepEqual(chosen(byNode, { nodeName: 'n3', zone: 'a' }), ['10.0.0.1']);
});

test('the source ranges of a balancer bind its addresses alone, family by family', () => {
  const spec: ServiceSpec = {
    type: 'LoadBalancer',
    externalIPs: ['203.0.113.9'],
    loadBalancerSourceRanges: ['192.0.2.0/24 ', '192.0.2.128/25', '198.51.100.7/32'],
    ports: [{ ...http, nodePort: 30_080 }],
  };
  const made = (ranges?: readonly string[]) =>
    frontsOfService(
      {
        ...service({ ...spec, ...(ranges ? { loadBalancerSourceRanges: ranges } : {}) }),
        status: { loadBalancer: { ingress: [{ ip: '203.0.113.1', ipMode: 'VIP' }] } },
      },
      [slice([{ addresses: ['10.244.0.1'] }])],
      { nodeName: 'n' },
    ).map(({ kind, address, sources }) => [kind, address, sources]);
  assert.deepEqual(made(), [
    ['cluster', '10.96.0.10', undefined],
    ['external', '203.0.113.9', undefined],
    ['external', '203.0.113.1', ['192.0.2.0/24', '198.51.100.7/32']],
    ['port', '', undefined],
  ]);
  assert.equal(made(['0.0.0.0/0', '192.0.2.0/24'])[2]?.[2], undefined);
  assert.equal(made(['fd00::/8'])[2]?.[2], undefined);
});

test('what another proxy cares for, or nobody, has no fronts and no backends', () => {
  const endpoints = [{ addresses: ['10.244.0.1'] }];
  const labelled = (label: string): Service => {
    const made = service({ ports: [http] });
    return { ...made, metadata: { ...made.metadata, labels: { [label]: '' } } };
  };
  for (const label of ['service.kubernetes.io/service-proxy-name', 'service.kubernetes.io/headless']) {
    assert.deepEqual(frontsOfService(labelled(label), [slice(endpoints)], { nodeName: 'n' }), []);
    const marked = { ...slice(endpoints), metadata: { name: 's-2', namespace: 'd', labels: { [label]: '' } } };
    assert.deepEqual(frontsOfService(service({ ports: [http] }), [marked], { nodeName: 'n' })[0]?.backends, []);
  }
});
