// node operator.ts install | run | uninstall
import {
  AdmissionregistrationV1Api,
  ApiException,
  ApiextensionsV1Api,
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  makeInformer,
} from '@kubernetes/client-node';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { greetingChecks, greetingDefinition } from './crd.ts';
import { whileLeading } from './elect.ts';
import { reconcile } from './reconcile.ts';
import { serveWebhooks } from './server.ts';
import { type Greeting, group, home, plural, stored } from './types.ts';

const config = new KubeConfig();
config.loadFromDefault();
const definitions = config.makeApiClient(ApiextensionsV1Api);
const webhooks = config.makeApiClient(AdmissionregistrationV1Api);
const certs = process.env['CERTS'] ?? '/certs';
const version = process.env['VERSION'] ?? '1';
const name = `${plural}.${group}`;
const isCode = (error: unknown, code: number): boolean => error instanceof ApiException && error.code === code;

/** Creates what is not there and replaces what is. */
async function install(): Promise<void> {
  const caBundle = Buffer.from(await readFile(`${certs}/ca.crt`, 'utf8')).toString('base64');
  const definition = greetingDefinition(caBundle);
  const checks = greetingChecks(caBundle);
  try {
    const present = await definitions.readCustomResourceDefinition({ name });
    await definitions.replaceCustomResourceDefinition({ name, body: { ...present, spec: definition.spec } });
  } catch (error) {
    if (!isCode(error, 404)) throw error;
    await definitions.createCustomResourceDefinition({ body: definition });
  }
  for (;;) {
    const { status } = await definitions.readCustomResourceDefinition({ name });
    if (status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True')) break;
    await sleep(100);
  }
  try {
    const present = await webhooks.readValidatingWebhookConfiguration({ name });
    await webhooks.replaceValidatingWebhookConfiguration({ name, body: { ...present, webhooks: checks.webhooks ?? [] } });
  } catch (error) {
    if (!isCode(error, 404)) throw error;
    await webhooks.createValidatingWebhookConfiguration({ body: checks });
  }
}

async function uninstall(): Promise<void> {
  await webhooks.deleteValidatingWebhookConfiguration({ name });
  await definitions.deleteCustomResourceDefinition({ name });
}

/** Reconciles every greeting whenever it changes, one after the other; failures are tried again. */
async function work(signal: AbortSignal): Promise<void> {
  const apis = { core: config.makeApiClient(CoreV1Api), custom: config.makeApiClient(CustomObjectsApi), version };
  const waiting = new Map<string, Greeting>();
  let wake: () => void = () => undefined;
  const informer = makeInformer<Greeting>(config, `/apis/${group}/${stored}/${plural}`, () =>
    apis.custom.listCustomObjectForAllNamespaces({ group, version: stored, resourcePlural: plural }),
  );
  const look = (greeting: Greeting): void => {
    waiting.set(`${greeting.metadata.namespace}/${greeting.metadata.name}`, greeting);
    wake();
  };
  informer.on('add', look);
  informer.on('update', look);
  informer.on('error', () => {
    setTimeout(() => void informer.start().catch(() => undefined), 1000);
  });
  await informer.start();
  signal.addEventListener('abort', () => wake());
  console.log(`leading, version ${version}`);
  while (!signal.aborted) {
    const [key, greeting] = waiting.entries().next().value ?? [];
    if (key === undefined || greeting === undefined) {
      await new Promise<void>((resolve) => (wake = resolve));
      continue;
    }
    waiting.delete(key);
    try {
      await reconcile(apis, greeting);
    } catch (error) {
      if (isCode(error, 404)) continue;
      console.error(`${key}: ${String(error)}`);
      const { namespace, name: object } = { namespace: greeting.metadata.namespace ?? '', name: greeting.metadata.name ?? '' };
      setTimeout(() => look(informer.get(object, namespace) ?? greeting), 1000);
    }
  }
  await informer.stop();
}

async function run(): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  const [cert, key] = await Promise.all(['tls.crt', 'tls.key'].map((file) => readFile(`${certs}/${file}`, 'utf8')));
  const server = await serveWebhooks(8443, { cert: cert ?? '', key: key ?? '' });
  await install();
  const election = {
    api: config.makeApiClient(CoordinationV1Api),
    namespace: home,
    name: 'greetings-operator',
    identity: process.env['HOSTNAME'] ?? String(process.pid),
    duration: 6,
  };
  while (!stop.signal.aborted) await whileLeading(election, stop.signal, work);
  server.close();
  server.closeAllConnections();
}

const commands: Readonly<Record<string, () => Promise<void>>> = { install, run, uninstall };
const command = commands[process.argv[2] ?? 'run'];
if (!command) throw new Error('usage: node operator.ts install | run | uninstall');
await command();
// The client's watches keep their connections: without them there is nothing left to do.
process.exit(0);
