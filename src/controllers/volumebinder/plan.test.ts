import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { StorageClass } from '#api/storage/v1/storageclass.ts';
import { boundByController, type ClaimAction, planClaim, planVolume, provisionedBy, unbound } from './plan.ts';

const claimOf = (spec: object = {}, annotations: object = {}): PersistentVolumeClaim =>
  ({
    metadata: { name: 'c', namespace: 'ns', uid: 'cu', annotations },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: '', resources: { requests: { storage: '2Gi' } }, ...spec },
    status: {},
  }) as unknown as PersistentVolumeClaim;

const volumeOf = (name: string, storage = '5Gi', spec: object = {}, more: object = {}): PersistentVolume =>
  ({
    metadata: { name, ...more },
    spec: { capacity: { storage }, accessModes: ['ReadWriteOnce', 'ReadOnlyMany'], ...spec },
    status: { phase: 'Available' },
  }) as unknown as PersistentVolume;

const classOf = (name: string, more: object = {}): StorageClass =>
  ({ metadata: { name }, provisioner: 'example.com/p', ...more }) as unknown as StorageClass;
const to = (name: string, uid?: string) => ({ claimRef: { name, namespace: 'ns', ...(uid ? { uid } : {}) } });
const done = { 'pv.kubernetes.io/bind-completed': 'yes' };
const late = classOf('late', { volumeBindingMode: 'WaitForFirstConsumer' });

interface Given {
  readonly claim?: PersistentVolumeClaim;
  readonly volumes?: readonly PersistentVolume[];
  readonly classes?: readonly StorageClass[];
  readonly defaultClass?: StorageClass;
}

function say({ claim = claimOf(), volumes = [], classes = [], defaultClass }: Given): string {
  const action: ClaimAction = planClaim({
    claim,
    volumes,
    volume: (name) => volumes.find(({ metadata }) => metadata.name === name),
    class: (name) => classes.find(({ metadata }) => metadata.name === name),
    defaultClass,
  });
  if (action.type === 'bind') return `bind ${action.volume.metadata.name}`;
  if (action.type === 'class') return `class ${action.name}`;
  return [action.type, action.event?.reason, 'provisioner' in action ? action.provisioner : undefined].filter(Boolean).join(' ');
}

const cases: readonly (Given & { readonly name: string; readonly want: string })[] = [
  {
    name: 'the smallest that is large enough',
    volumes: [volumeOf('l', '9Gi'), volumeOf('m', '2Gi'), volumeOf('s', '1Gi')],
    want: 'bind m',
  },
  { name: 'nothing fits', volumes: [volumeOf('s', '1Gi')], want: 'wait FailedBinding' },
  { name: 'not one that is taken', volumes: [volumeOf('t', '2Gi', to('other', 'x')), volumeOf('l')], want: 'bind l' },
  { name: 'nor one that is being deleted', volumes: [volumeOf('d', '2Gi', {}, { deletionTimestamp: 'x' })], want: 'wait FailedBinding' },
  {
    name: 'one that is meant for it, even if larger',
    volumes: [volumeOf('m', '2Gi'), volumeOf('mine', '9Gi', to('c'))],
    want: 'bind mine',
  },
  { name: 'one that it was given before', volumes: [volumeOf('mine', '9Gi', to('c', 'cu'))], want: 'bind mine' },
  { name: 'not one of its predecessor of the same name', volumes: [volumeOf('old', '9Gi', to('c', 'before'))], want: 'wait FailedBinding' },
  {
    name: 'access modes must be there',
    claim: claimOf({ accessModes: ['ReadWriteMany'] }),
    volumes: [volumeOf('v')],
    want: 'wait FailedBinding',
  },
  { name: 'so must the volume mode', claim: claimOf({ volumeMode: 'Block' }), volumes: [volumeOf('v')], want: 'wait FailedBinding' },
  {
    name: 'a selector chooses',
    claim: claimOf({ selector: { matchLabels: { a: 'b' } } }),
    volumes: [volumeOf('v'), volumeOf('w', '9Gi', {}, { labels: { a: 'b' } })],
    want: 'bind w',
  },
  { name: 'a named volume', claim: claimOf({ volumeName: 'v' }), volumes: [volumeOf('v')], want: 'bind v' },
  { name: 'a named volume that is not there yet', claim: claimOf({ volumeName: 'v' }), want: 'wait' },
  {
    name: 'a named volume that is too small',
    claim: claimOf({ volumeName: 'v' }),
    volumes: [volumeOf('v', '1Gi')],
    want: 'wait VolumeMismatch',
  },
  {
    name: 'a named volume that is taken',
    claim: claimOf({ volumeName: 'v' }),
    volumes: [volumeOf('v', '9Gi', to('other', 'x'))],
    want: 'wait FailedBinding',
  },
  {
    name: 'a class is provisioned from outside',
    claim: claimOf({ storageClassName: 'fast' }),
    classes: [classOf('fast')],
    want: 'wait ExternalProvisioning example.com/p',
  },
  { name: 'a class that is not there', claim: claimOf({ storageClassName: 'fast' }), want: 'wait ProvisioningFailed' },
  {
    name: 'a class whose volumes are made by hand',
    claim: claimOf({ storageClassName: 'hand' }),
    classes: [classOf('hand', { provisioner: 'kubernetes.io/no-provisioner' })],
    want: 'wait',
  },
  {
    name: 'wait for the first consumer',
    claim: claimOf({ storageClassName: 'late' }),
    classes: [late],
    volumes: [volumeOf('v', '5Gi', { storageClassName: 'late' })],
    want: 'wait WaitForFirstConsumer',
  },
  {
    name: 'the scheduler chose a volume',
    claim: claimOf({ storageClassName: 'late' }),
    classes: [late],
    volumes: [volumeOf('v', '5Gi', { storageClassName: 'late', ...to('c', 'cu') })],
    want: 'bind v',
  },
  {
    name: 'the scheduler chose a node',
    claim: claimOf({ storageClassName: 'late' }, { 'volume.kubernetes.io/selected-node': 'n' }),
    classes: [late],
    want: 'wait ExternalProvisioning example.com/p',
  },
  {
    name: 'no class, but a default one has come',
    claim: claimOf({ storageClassName: undefined }),
    defaultClass: classOf('std'),
    want: 'class std',
  },
  { name: 'the empty class is none', claim: claimOf({ storageClassName: '' }), defaultClass: classOf('std'), want: 'wait FailedBinding' },
  { name: 'bound stays bound', claim: claimOf({ volumeName: 'v' }, done), volumes: [volumeOf('v', '9Gi', to('c', 'cu'))], want: 'bind v' },
  { name: 'bound without a name is lost', claim: claimOf({}, done), want: 'lost ClaimLost' },
  { name: 'bound to nothing is lost', claim: claimOf({ volumeName: 'v' }, done), want: 'lost ClaimLost' },
  {
    name: 'bound to what another has is lost',
    claim: claimOf({ volumeName: 'v' }, done),
    volumes: [volumeOf('v', '9Gi', to('other', 'x'))],
    want: 'lost ClaimMisbound',
  },
];
for (const { name, want, ...given } of cases) test(name, () => assert.equal(say(given), want));

const phases = [
  { name: 'free', volume: volumeOf('v'), claim: undefined, want: 'Available' },
  { name: 'reserved', volume: volumeOf('v', '1Gi', to('c')), claim: undefined, want: 'Available' },
  { name: 'bound', volume: volumeOf('v', '1Gi', to('c', 'cu')), claim: claimOf({ volumeName: 'v' }), want: 'Bound' },
  { name: 'on its way', volume: volumeOf('v', '1Gi', to('c', 'cu')), claim: claimOf(), want: undefined },
  {
    name: 'free again: its claim has another',
    volume: volumeOf('v', '1Gi', to('c', 'cu')),
    claim: claimOf({ volumeName: 'w' }),
    want: 'unbind',
  },
  {
    name: 'released: it was made for a claim that has another',
    volume: volumeOf('v', '1Gi', { ...to('c', 'cu'), persistentVolumeReclaimPolicy: 'Delete' }, { annotations: { [provisionedBy]: 'p' } }),
    claim: claimOf({ volumeName: 'w' }),
    want: 'Released',
  },
  { name: 'released', volume: volumeOf('v', '1Gi', to('c', 'cu')), claim: 'gone' as const, want: 'Released' },
  { name: 'released: the claim was made anew', volume: volumeOf('v', '1Gi', to('c', 'before')), claim: claimOf(), want: 'Released' },
];
for (const { name, volume, claim, want } of phases) test(`a volume is ${name}`, () => assert.equal(planVolume(volume, claim), want));

test('a volume that its claim does not need is free, or reserved as it was', () => {
  const ours = unbound(volumeOf('v', '1Gi', to('c', 'cu'), { annotations: { [boundByController]: 'yes', other: 'x' } }));
  assert.deepEqual([ours.spec.claimRef, ours.metadata.annotations], [undefined, { other: 'x' }]);
  assert.deepEqual(unbound(volumeOf('v', '1Gi', to('c', 'cu'))).spec.claimRef, { name: 'c', namespace: 'ns' });
});
