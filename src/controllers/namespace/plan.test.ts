import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import { planPodGc } from '../podgc/plan.ts';
import { nextLook, planConditions } from './plan.ts';

const nothing = { discoveryFailed: new Map(), deletionErrors: [], remaining: new Map(), finalizers: new Map() };

test('conditions tell what is left, and are written only when they change', () => {
  const conditions = planConditions(
    undefined,
    {
      ...nothing,
      remaining: new Map([
        ['pods.', 2],
        ['deployments.apps', 1],
      ]),
    },
    0,
  );
  assert.deepEqual(
    conditions?.map(({ type, status, reason }) => [type, status, reason]),
    [
      ['NamespaceDeletionDiscoveryFailure', 'False', 'ResourcesDiscovered'],
      ['NamespaceDeletionGroupVersionParsingFailure', 'False', 'ParsedGroupVersions'],
      ['NamespaceDeletionContentFailure', 'False', 'ContentDeleted'],
      ['NamespaceContentRemaining', 'True', 'SomeResourcesRemain'],
      ['NamespaceFinalizersRemaining', 'False', 'ContentHasNoFinalizers'],
    ],
  );
  assert.equal(
    conditions?.find(({ type }) => type === 'NamespaceContentRemaining')?.message,
    'Some resources are remaining: deployments.apps has 1 resource instances, pods. has 2 resource instances',
  );
  assert.equal(
    planConditions(
      conditions,
      {
        ...nothing,
        remaining: new Map([
          ['deployments.apps', 1],
          ['pods.', 2],
        ]),
      },
      5000,
    ),
    undefined,
  );
  const failed = planConditions(undefined, { ...nothing, deletionErrors: ['b', 'a'] }, 0);
  assert.equal(
    failed?.find(({ type }) => type === 'NamespaceDeletionContentFailure')?.message,
    'Failed to delete all resource types, 2 remaining: [a, b]',
  );
  assert.deepEqual([0, 1, 4, 50].map(nextLook), [250, 500, 4000, 8000]);
});

test('pod collection: lost, never placed, too many', () => {
  const pod = (
    name: string,
    extra: { node?: string; deleting?: boolean; phase?: 'Succeeded' | 'Failed'; reason?: string; created?: string } = {},
  ): Pod => ({
    metadata: { name, creationTimestamp: extra.created ?? '2026-01-01T00:00:00Z', ...(extra.deleting ? { deletionTimestamp: 'now' } : {}) },
    spec: { containers: [], ...(extra.node ? { nodeName: extra.node } : {}) },
    status: { phase: extra.phase ?? 'Running', ...(extra.reason ? { reason: extra.reason } : {}) },
  });
  const { victims, missingNodes } = planPodGc({
    pods: [
      pod('lost', { node: 'gone' }),
      pod('waiting', { node: 'new' }),
      pod('unplaced', { deleting: true }),
      pod('here', { node: 'n' }),
      pod('old', { node: 'n', phase: 'Succeeded', created: '2025-01-01T00:00:00Z' }),
      pod('young', { node: 'n', phase: 'Succeeded' }),
      pod('evicted', { node: 'n', phase: 'Failed', reason: 'Evicted' }),
    ],
    node: (name) => (name === 'n' ? { outOfService: false, ready: true } : undefined),
    confirmedMissing: new Set(['gone']),
    threshold: 1,
  });
  assert.deepEqual(
    victims.map(({ pod: { metadata }, why }) => [metadata.name, why]),
    [
      ['lost', 'orphaned'],
      ['unplaced', 'unscheduled'],
      ['evicted', 'terminated'],
      ['old', 'terminated'],
    ],
  );
  assert.deepEqual([...missingNodes], ['gone', 'new']);
});
