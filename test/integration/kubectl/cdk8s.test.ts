// What cdk8s writes is applied with stock kubectl: a chart of ordinary workloads.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ApiObject, Chart, Testing, Yaml } from 'cdk8s';
import { type HttpsApi, startHttpsApi } from '../../support/https.ts';
import { type Kubectl, kubectlFor } from '../../support/kubectl.ts';

let https: HttpsApi;
let kubectl: Kubectl;
before(async () => {
  https = await startHttpsApi();
  kubectl = kubectlFor(https.kubeconfig);
});
after(async () => https[Symbol.asyncDispose]());

test('a chart of cdk8s is applied, found unchanged, and removed', async () => {
  const chart = new Chart(Testing.app(), 'shop', { namespace: 'default', labels: { team: 'ads' } });
  const labels = { app: 'web' };
  const web = new ApiObject(chart, 'deployment', {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:1', ports: [{ containerPort: 80 }] }] } },
    },
  });
  const service = new ApiObject(chart, 'service', { apiVersion: 'v1', kind: 'Service', spec: { selector: labels, ports: [{ port: 80 }] } });
  service.addDependency(web);
  const text = Yaml.stringify(...Testing.synth(chart));

  assert.match(
    await kubectl.pipe(text, 'apply', '-f', '-'),
    new RegExp(`deployment.apps/${web.name} created\\nservice/${service.name} created`),
  );
  assert.match(await kubectl.pipe(text, 'apply', '-f', '-'), new RegExp(`deployment.apps/${web.name} unchanged`));
  const deployment = JSON.parse(await kubectl.ok('get', 'deployment', web.name, '-o', 'json'));
  assert.equal(deployment.metadata.labels.team, 'ads');
  assert.equal(deployment.spec.replicas, 2);
  assert.match(await kubectl.ok('delete', 'deployment,service', '-l', 'team=ads'), new RegExp(`"${service.name}" deleted`));
});
