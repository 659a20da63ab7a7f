import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKubelets, kubeletPath, ownPath } from './paths.ts';

test("kubelet's directory is the agent's own", () => {
  assert.equal(ownPath('/data/node', '/var/lib/kubelet'), '/data/node');
  assert.equal(ownPath('/data/node', '/var/lib/kubelet/plugins/x'), '/data/node/plugins/x');
  assert.equal(ownPath('/data/node', '/var/lib/kubelets'), '/var/lib/kubelets');
  assert.equal(ownPath('/data/node', '/var/lib'), '/var/lib');
  assert.equal(kubeletPath('/data/node', '/data/node/pods/u'), '/var/lib/kubelet/pods/u');
  assert.equal(kubeletPath('/data/node', '/data/nodes'), '/data/nodes');
  assert.deepEqual([isKubelets('/var/lib/kubelet/x'), isKubelets('/data/x')], [true, false]);
});
