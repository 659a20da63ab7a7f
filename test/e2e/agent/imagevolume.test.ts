// Volumes that are images: mounted where the runtime can (containerd 2.1 and later), else the container says that it cannot.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nothingLeft } from './leaks.ts';
import { inNamespace, isReady, shellPod, startAgentNode } from './support.ts';
import { Pods } from '#api/refs.ts';

const waiting = (pod: { status: { containerStatuses?: readonly { state?: { waiting?: { reason?: string; message?: string } } }[] } }) =>
  pod.status.containerStatuses?.[0]?.state?.waiting;

if (await inNamespace(import.meta.filename)) {
  test('image volumes', async (t) => {
    await using node = await startAgentNode();
    const [major = 0, minor = 0] = node.instance.machine.containerdVersion.split('.').map(Number);
    const can = major > 2 || (major === 2 && minor >= 1);
    const withImage = (name: string, image: object) =>
      shellPod(name, 'cat /image/bin/busybox | wc -c > /dev/termination-log; sleep 100000', {
        container: { volumeMounts: [{ name: 'image', mountPath: '/image' }] },
        spec: { volumes: [{ name: 'image', image }] },
      });

    await t.test('an image that is not there holds the container back', async () => {
      await node.createPod(withImage('missing', { reference: 'no.such.registry.invalid/image:1', pullPolicy: 'Never' }));
      const pod = await node.until('missing', (now) => waiting(now)?.reason === 'ErrImageNeverPull');
      assert.match(waiting(pod)?.message ?? '', /no\.such\.registry\.invalid\/image:1" is not present with pull policy of Never/);
    });

    await t.test(can ? 'the files of the image are there' : 'this runtime cannot mount images, and the container says so', async () => {
      await node.createPod(withImage('mounted', { reference: 'busybox:1', pullPolicy: 'IfNotPresent' }));
      if (can) await node.until('mounted', isReady);
      else await node.until('mounted', (pod) => waiting(pod)?.reason === 'CreateContainerError');
    });

    await t.test('nothing is left', async () => {
      const pods = node.client.resource(Pods);
      for (const name of ['missing', 'mounted']) await pods.delete(name, { namespace: 'default', options: { gracePeriodSeconds: 0 } });
      await Promise.all(['missing', 'mounted'].map((name) => node.untilGone(name)));
      await nothingLeft(node);
    });
  });
}
