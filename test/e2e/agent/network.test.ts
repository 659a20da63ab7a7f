// Network plugins that fail, hang, are killed in mid-call, or do not take down what they have set up.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pluginName } from '#agent/cni/conflist.ts';
import { Pods } from '#api/refs.ts';
import { until } from '../../support/until.ts';
import { kill, nothingLeft, processes, single } from './leaks.ts';
import { inNamespace, isReady, shellPod, startAgentNode } from './support.ts';

const namespace = 'default';
const idle = (name: string, spec: object = {}) => shellPod(name, 'sleep 100000', { spec: { terminationGracePeriodSeconds: 0, ...spec } });

if (await inNamespace(import.meta.filename)) {
  test('network plugins', async (t) => {
    await using node = await startAgentNode({ parallelStarts: 2 });
    const { fs } = node.world;
    const plugin = `${node.instance.paths.cniBin}/${pluginName}`;
    /** Puts a script in the plugin's place; resolves with what puts the plugin back. */
    const replace = async (script: string): Promise<() => Promise<void>> => {
      await fs.rename(plugin, `${plugin}.away`);
      await fs.write(plugin, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      return async () => {
        await fs.remove(plugin);
        await fs.rename(`${plugin}.away`, plugin);
      };
    };
    const remove = async (...names: string[]): Promise<void> => {
      const options = { gracePeriodSeconds: 0 };
      await Promise.all(names.map((name) => node.client.resource(Pods).delete(name, { namespace, options })));
      await Promise.all(names.map((name) => node.untilGone(name)));
      // The next plugin must not be asked about them.
      await until('their sandboxes are gone', async () =>
        (await node.instance.runtime.listSandboxes()).every(({ metadata }) => !names.includes(metadata.name)),
      );
    };
    /** Waits until the pod is ready, and kills hanging plugins meanwhile: one that was just being started may hang later than others. */
    const readyWithout = (name: string): Promise<unknown> =>
      node.until(name, (pod) => {
        kill(...processes('sleep 76543'));
        return isReady(pod);
      });

    await t.test('one that fails, then works', async () => {
      const restore = await replace('echo \'{"cniVersion":"0.4.0","code":100,"msg":"no such luck"}\'; exit 1');
      await node.createPod(idle('failing'));
      await node.told('failing', /^FailedCreatePodSandBox: Failed to create pod sandbox: rpc error: .*no such luck/);
      await restore();
      await node.until('failing', isReady);
      await single(node, ['failing']);
      await remove('failing');
    });

    await t.test('one that is killed in mid-call', async () => {
      const restore = await replace('exec sleep 76543');
      await node.createPod(idle('killed'));
      await until('the plugin runs', () => processes('sleep 76543').length > 0);
      await restore();
      await readyWithout('killed');
      await node.told('killed', /^FailedCreatePodSandBox: /);
      await single(node, ['killed']);
      await remove('killed');
    });

    await t.test('one that hangs holds up neither pods that do not need it nor the end of those that do', async () => {
      const restore = await replace('[ "$CNI_COMMAND" = ADD ] && exec sleep 76543\nexec "$0.away"');
      const names = ['hangs-1', 'hangs-2', 'hangs-3'];
      for (const name of names) await node.createPod(idle(name));
      // As many as may start at once hang now.
      await until('the plugins run', () => processes('sleep 76543').length >= 2);
      await node.createPod(idle('host', { hostNetwork: true }));
      await node.until('host', isReady);
      await remove('hangs-1', 'hangs-2');
      await restore();
      await readyWithout('hangs-3');
      await single(node, ['host', 'hangs-3']);
      await remove('host', 'hangs-3');
      assert.deepEqual(processes('sleep 76543'), []);
    });

    await t.test('one that does not take down what it set up: the pod says why, and goes when it can', async () => {
      await node.createPod(idle('stuck'));
      await node.until('stuck', isReady);
      const restore = await replace(
        '[ "$CNI_COMMAND" = DEL ] && { echo \'{"cniVersion":"0.4.0","code":100,"msg":"it is mine"}\'; exit 1; }\nexec "$0.away"',
      );
      await node.client.resource(Pods).delete('stuck', { namespace, options: { gracePeriodSeconds: 1 } });
      await node.told(
        'stuck',
        /^FailedKillPod: error killing pod: failed to "KillPodSandbox" for "[^"]+" with KillPodSandboxError: .*it is mine/,
      );
      assert.ok(await node.client.resource(Pods).get('stuck', { namespace }));
      await restore();
      await node.untilGone('stuck');
    });

    await t.test('nothing is left', () => nothingLeft(node));
  });
}
