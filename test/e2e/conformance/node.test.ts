// Conformance of nodes and storage on real containers: one cluster for all, and many tests at a time, as the suite itself runs.
// The tests are in `node/`, by subject; those that wait long come first.
import { after, before, describe } from 'node:test';
import { drivers, volumesOfTheNode } from './node/claims.ts';
import { closeCluster, openCluster } from './node/cluster.ts';
import { containers } from './node/containers.ts';
import { emptyDirs, hostPaths } from './node/emptydir.ts';
import { environment } from './node/environment.ts';
import { fields } from './node/fields.ts';
import { generations } from './node/generations.ts';
import { initContainers } from './node/initcontainers.ts';
import { exits, hooks } from './node/lifecycle.ts';
import { objects } from './node/objects.ts';
import { pods } from './node/pods.ts';
import { probes } from './node/probes.ts';
import { resizing } from './node/resize.ts';
import { security } from './node/security.ts';
import { subPaths } from './node/subpaths.ts';
import { taints } from './node/taints.ts';
import { updates } from './node/updates.ts';

before(openCluster);
after(closeCluster);

describe('nodes and storage', { concurrency: 8, timeout: 1_800_000 }, () => {
  for (const tests of [probes, initContainers, generations, updates, resizing, hooks, exits, containers, pods]) tests();
  for (const tests of [security, environment, subPaths, objects, fields, emptyDirs, hostPaths, volumesOfTheNode]) tests();
  describe('CSI', drivers);
});

describe('taints', taints);
