// An API server over https with stock kubectl beside it; on request with controllers and scheduler.
import { componentUser } from '#apiserver/authn/groups.ts';
import { createInformers } from '#client/informer.ts';
import { startControllers } from '#controllers/start.ts';
import { startScheduler } from '#scheduler/scheduler.ts';
import { createClient } from '#client/create.ts';
import type { Client } from '#client/client.ts';
import { type HttpsApi, startHttpsApi } from './https.ts';
import { type Kubectl, kubectlFor } from './kubectl.ts';
import { until } from './until.ts';

export interface KubectlBench extends AsyncDisposable {
  readonly https: HttpsApi;
  readonly client: Client;
  readonly k: Kubectl;
}

/** Starts one. Without controllers objects just lie there, which is all that most commands need. */
export async function startKubectlBench(options: { readonly controllers?: boolean } = {}): Promise<KubectlBench> {
  const stack = new AsyncDisposableStack();
  const https = stack.use(await startHttpsApi());
  const { api, world, client } = https.api;
  if (options.controllers) {
    const clientFor = (name: string): Client => createClient(api.transport(componentUser(name)));
    const informers = stack.use(createInformers(clientFor('system:kube-controller-manager'), world));
    stack.use(startControllers({ clientFor, informers, world, pki: https.pki, podCidr: '10.244.0.0/16' }));
    stack.use(startScheduler({ client: clientFor('system:kube-scheduler'), informers, world }));
    informers.start();
    await informers.synced();
  }
  return { https, client, k: kubectlFor(https.kubeconfig), [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Waits until a command prints what matches: events, for one, are written a moment after what they tell of. */
export function shows(pattern: RegExp, k: Kubectl, ...args: readonly string[]): Promise<string> {
  let last = '';
  return until(`kubectl ${args.join(' ')} shows ${pattern}`, async () => {
    last = await k.ok(...args);
    return pattern.test(last) && last;
  }).catch((error: unknown) => {
    throw new Error(last, { cause: error });
  });
}

/** A table that kubectl printed, as cells: columns are two or more spaces apart. */
export function table(text: string): string[][] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd().split(/ {2,}/));
}
