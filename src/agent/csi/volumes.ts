// Volumes of CSI drivers: staged once for the node, published for each pod, taken back in the reverse order.
import type { CSIDriver } from '#api/storage/v1/csidriver.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { attachmentName, uniqueVolumeName } from '#api/csi.ts';
import { CSIDrivers, PersistentVolumeClaims, Secrets, VolumeAttachments } from '#api/refs.ts';
import { isNotFound } from '#api/status.ts';
import { KeyedMutex } from '#base/mutex.ts';
import type { World } from '#base/world.ts';
import type { Client } from '#client/client.ts';
import type { TokenSource, VolumeUsage } from '../parts.ts';
import type { BoundClaim } from '../volumes/claims.ts';
import { mountTable } from '../volumes/mounting.ts';
import { giveToGroup } from '../volumes/ownership.ts';
import { PayloadError } from '../volumes/payload.ts';
import type { Placed } from '../volumes/placed.ts';
import type { CsiDriver } from './driver.ts';
import type { CsiDrivers } from './drivers.ts';
import { driverUsage } from './usage.ts';
import { quantityValue } from '#format/quantity.ts';
import { grown, growth } from './expand.ts';
import { allRecords, readRecords, removeRecord, stagingPath, targetPath, type VolumeRecord, writeRecord } from './records.ts';
import { capabilityOf, changesGroup, type CsiVolume, modeProblem, needsAttaching, podContext } from './request.ts';

type Needs = Pick<World, 'fs' | 'exec' | 'clock' | 'digest'>;

export interface CsiOptions {
  readonly dataDir: string;
  readonly nodeName: string;
  readonly client: Client;
  readonly tokens: TokenSource;
  readonly drivers: Pick<CsiDrivers, 'get'>;
  /** The volumes in use changed. */
  readonly changed: () => void;
}

export interface CsiVolumes {
  /** Makes the volume present for the pod; also called again to renew what expires. `bound` is its claim, if it has one. */
  setUp(pod: Pod, volume: CsiVolume, bound?: BoundClaim): Promise<Placed>;
  /** Takes back all volumes of a pod. Idempotent; rejects when a driver is away or refuses. */
  tearDown(uid: string): Promise<void>;
  /** How full the volume at this path of the pod is, as its driver says; undefined when it is none of a driver that can tell. */
  usage(uid: string, path: string): Promise<Omit<VolumeUsage, 'name'> | undefined>;
  /** Volumes that pods use or are about to, as `status.volumesInUse` names them. */
  inUse(): readonly string[];
}

/** Drivers that ask for it get their volumes published again so often, and growth is looked for. */
const lookAgain = 60_000;

/** Creates what deals with the CSI volumes of a node. */
export function createCsiVolumes(world: Needs, options: CsiOptions): CsiVolumes {
  const { fs, clock } = world;
  const { client, dataDir } = options;
  const turns = new KeyedMutex();
  /** Staged and published in this life of the agent. */
  const staged = new Set<string>();
  const published = new Set<string>();
  const users = new Map<string, Set<string>>();

  function use(name: string, uid: string): void {
    const before = users.size;
    users.set(name, (users.get(name) ?? new Set()).add(uid));
    if (users.size !== before) options.changed();
  }

  function release(name: string, uid: string): void {
    const set = users.get(name);
    if (!set?.delete(uid) || set.size > 0) return;
    users.delete(name);
    options.changed();
  }

  async function driverObject(name: string): Promise<CSIDriver | undefined> {
    try {
      return await client.resource(CSIDrivers).get(name);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async function secretOf(ref: { readonly name?: string; readonly namespace?: string } | undefined): Promise<Record<string, string>> {
    if (!ref?.name) return {};
    const { data = {} } = await client.resource(Secrets).get(ref.name, { namespace: ref.namespace ?? '' });
    return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value ?? '', 'base64').toString('utf8')]));
  }

  async function publishContext(volume: CsiVolume, object: CSIDriver | undefined): Promise<Record<string, string>> {
    if (!needsAttaching(volume, object)) return {};
    const name = attachmentName(volume, options.nodeName, world.digest);
    const attachment = await client
      .resource(VolumeAttachments)
      .get(name)
      .catch((error: unknown) => {
        if (isNotFound(error)) throw new PayloadError(`volume ${volume.handle} is not attached to the node: no VolumeAttachment ${name}`);
        throw error;
      });
    if (attachment.metadata.deletionTimestamp) throw new PayloadError(`volume attachment ${name} is being deleted`);
    if (attachment.status?.attached !== true) throw new PayloadError(`volume attachment ${name} is not attached yet`);
    return Object.fromEntries(Object.entries(attachment.status.attachmentMetadata ?? {}).map(([key, value]) => [key, value ?? '']));
  }

  async function tokensFor(pod: Pod, object: CSIDriver | undefined): Promise<{ context: Record<string, string>; refreshAt?: number }> {
    const requests = object?.spec.tokenRequests ?? [];
    if (requests.length === 0) return { context: {} };
    const tokens: Record<string, { token: string; expirationTimestamp: string }> = {};
    let refreshAt = Infinity;
    for (const { audience, expirationSeconds = 3600 } of requests) {
      const made = await options.tokens.token(pod, { audience, expirationSeconds });
      tokens[audience] = { token: made.token, expirationTimestamp: new Date(made.expires).toISOString().replace(/\.\d+Z$/, 'Z') };
      refreshAt = Math.min(refreshAt, made.refreshAt);
    }
    return { context: { 'csi.storage.k8s.io/serviceAccount.tokens': JSON.stringify(tokens) }, refreshAt };
  }

  async function mountOn(
    pod: Pod,
    volume: CsiVolume,
    about: { driver: CsiDriver; object: CSIDriver | undefined },
  ): Promise<number | undefined> {
    const { driver, object } = about;
    const uid = pod.metadata.uid ?? '';
    const record = await recordOf(uid, volume, driver);
    const context = await publishContext(volume, object);
    const tokens = await tokensFor(pod, object);
    const fsGroup = pod.spec.securityContext?.fsGroup;
    const byDriver = fsGroup !== undefined && (await driver.can('VOLUME_MOUNT_GROUP'));
    const request = {
      volumeId: volume.handle,
      publishContext: context,
      stagingTargetPath: record.staging === undefined ? '' : driver.path(record.staging),
      volumeCapability: capabilityOf(volume, {
        several: await driver.can('SINGLE_NODE_MULTI_WRITER'),
        ...(byDriver ? { mountGroup: fsGroup } : {}),
      }),
    };
    await writeRecord(world, { dataDir, uid, record });
    if (record.staging !== undefined && !staged.has(uniqueVolumeName(volume))) {
      await fs.mkdir(record.staging, 0o750);
      await driver.stage({ ...request, secrets: await secretOf(volume.secrets.stage), volumeContext: volume.attributes });
      staged.add(uniqueVolumeName(volume));
    }
    await fs.mkdir(record.target.slice(0, record.target.lastIndexOf('/')), 0o750);
    await driver.publish({
      ...request,
      targetPath: driver.path(record.target),
      readonly: volume.readOnly,
      secrets: await secretOf(volume.secrets.publish),
      volumeContext: { ...volume.attributes, ...podContext(pod, volume, object), ...tokens.context },
    });
    if (!published.has(record.target) && fsGroup !== undefined && !byDriver && changesGroup(volume, object)) {
      await giveToGroup(fs, record.target, pod);
    }
    published.add(record.target);
    return tokens.refreshAt;
  }

  async function recordOf(uid: string, volume: CsiVolume, driver: CsiDriver): Promise<VolumeRecord> {
    const stages = !volume.ephemeral && (await driver.can('STAGE_UNSTAGE_VOLUME'));
    return {
      driver: volume.driver,
      handle: volume.handle,
      name: volume.name,
      target: targetPath(dataDir, uid, volume),
      ...(stages ? { staging: stagingPath(world, dataDir, volume) } : {}),
    };
  }

  async function grow(bound: BoundClaim, volume: CsiVolume, about: { driver: CsiDriver; uid: string }): Promise<void> {
    const size = growth(bound.claim, bound.persistent);
    if (size === undefined) return;
    const { driver } = about;
    const { target, staging } = await recordOf(about.uid, volume, driver);
    await driver.expand({
      volumeId: volume.handle,
      volumePath: driver.path(target),
      capacityRange: { requiredBytes: quantityValue(size) },
      stagingTargetPath: staging === undefined ? '' : driver.path(staging),
      volumeCapability: capabilityOf(volume, { several: await driver.can('SINGLE_NODE_MULTI_WRITER') }),
      secrets: await secretOf(volume.secrets.expand),
    });
    const { name, namespace = '' } = bound.claim.metadata;
    const claims = client.resource(PersistentVolumeClaims);
    await claims.patch(name, grown(bound.claim, size), { type: 'merge', subresource: 'status', namespace });
  }

  async function takeBack(uid: string, record: VolumeRecord): Promise<void> {
    const driver = options.drivers.get(record.driver);
    const { handle, target, staging } = record;
    await driver.unpublish({ volumeId: handle, targetPath: driver.path(target) });
    published.delete(target);
    await removeMountPoint(target);
    const others = (await allRecords(world, dataDir)).filter(
      (other) => other.uid !== uid && other.record.driver === record.driver && other.record.handle === handle,
    );
    if (staging !== undefined && others.length === 0) {
      await driver.unstage({ volumeId: handle, stagingTargetPath: driver.path(staging) });
      staged.delete(uniqueVolumeName(record));
      await removeMountPoint(staging);
    }
    await removeRecord(world, { dataDir, uid, name: record.name });
    release(uniqueVolumeName(record), uid);
  }

  /** Removes what a mount left; never what is still mounted, or holds files. */
  async function removeMountPoint(path: string): Promise<void> {
    const info = await fs.lstat(path);
    if (!info) return;
    const real = await fs.realpath(path);
    if ((await mountTable(world)).some((entry) => entry.point === real)) throw new Error(`${path} is still mounted`);
    if (info.kind === 'directory') await fs.rmdir(path).catch(() => undefined);
    else await fs.remove(path);
  }

  return {
    setUp: (pod, volume, bound) =>
      turns.run(uniqueVolumeName(volume), async () => {
        const uid = pod.metadata.uid ?? '';
        use(uniqueVolumeName(volume), uid);
        const driver = options.drivers.get(volume.driver);
        const object = await driverObject(volume.driver);
        const problem = modeProblem(volume, object);
        if (problem !== undefined) throw new PayloadError(problem);
        const target = targetPath(dataDir, uid, volume);
        const republish = object?.spec.requiresRepublish === true;
        const renewAt = republish || !published.has(target) ? await mountOn(pod, volume, { driver, object }) : undefined;
        const expandable = bound !== undefined && (await driver.can('EXPAND_VOLUME'));
        if (expandable) await grow(bound, volume, { driver, uid });
        const again = republish || expandable ? clock.now() + lookAgain : undefined;
        const refreshAt = again === undefined ? undefined : Math.min(again, republish ? (renewAt ?? again) : again);
        return { path: target, readOnly: volume.readOnly, device: volume.block, ...(refreshAt === undefined ? {} : { refreshAt }) };
      }),
    async tearDown(uid) {
      for (const record of await readRecords(world, dataDir, uid)) {
        await turns.run(uniqueVolumeName(record), () => takeBack(uid, record));
      }
      for (const [name, set] of users) if (set.has(uid)) release(name, uid);
    },
    usage: (uid, path) => driverUsage(world, { dataDir, drivers: options.drivers }, { uid, path }),
    inUse: () => [...users.keys()].sort(),
  };
}
