// Keeps APIServices true: registers what this server answers itself, and asks aggregated servers whether they answer.
import type { APIService } from '#api/apiregistration/v1/apiservice.ts';
import { APIServices, CustomResourceDefinitions, EndpointSlices, Services } from '#api/refs.ts';
import type { Draft } from '#api/object.ts';
import { isAlreadyExists, isConflict, isNotFound } from '#api/status.ts';
import { Backoff } from '#base/backoff.ts';
import { boundedBody } from '#base/boundedbody.ts';
import { messageOf } from '#base/errors.ts';
import { rfc3339 } from '#base/clock.ts';
import type { Timer } from '#base/clock.ts';
import { withTimeout } from '#base/signal.ts';
import { networkWords } from '#base/networkwords.ts';
import type { Client } from '#client/client.ts';
import type { UserInfo } from '#client/transport.ts';
import type { Backend } from '../chain.ts';
import type { DiscoveredGroup, DiscoveredResource } from '../discovery/model.ts';
import { slicesOf } from '../webhook/resolve.ts';
import { failedDiscovery, local, obstacle, passed, withAvailable } from './availability.ts';
import { discoveryAccept, fromAggregated, fromLegacy } from './discover.ts';
import { automanaged, builtInServices, customServices, type LocalVersion } from './local.ts';
import { type RemoteDocument, remoteDocument } from './openapi.ts';
import type { Remote, Remotes } from './remote.ts';

/** Milliseconds between questions to the same server when nothing changes. */
const recheck = 30_000;
const patience = 5_000;
const largest = 16 * 1024 * 1024;
const aggregatorUser: UserInfo = { name: 'system:kube-aggregator', groups: ['system:masters'] };

export interface AggregationOptions {
  readonly backend: Backend;
  readonly client: Client;
  readonly remotes: Remotes;
  /** Group versions that are answered here without rows. */
  readonly extra: readonly LocalVersion[];
}

interface Answers {
  readonly resources: readonly DiscoveredResource[];
  readonly document: RemoteDocument | undefined;
}

interface Known extends Answers {
  readonly fresh: boolean;
  readonly priority: number;
}

export class AggregationController implements AsyncDisposable {
  readonly #options: AggregationOptions;
  readonly #known = new Map<string, Known>();
  readonly #pending = new Set<string>();
  readonly #removers: (() => void)[] = [];
  #groups: readonly DiscoveredGroup[] = [];
  #documents: readonly RemoteDocument[] = [];
  #running: Promise<void> | undefined;
  #timer: Timer | undefined;
  readonly #retries = new Set<Timer>();
  readonly #failures = new Map<string, Backoff>();
  #closed = false;

  constructor(options: AggregationOptions) {
    this.#options = options;
  }

  /** What the aggregated servers offer; the same value until it changes. */
  get groups(): readonly DiscoveredGroup[] {
    return this.#groups;
  }

  /** Their OpenAPI v2 documents; the same value until they change. */
  get documents(): readonly RemoteDocument[] {
    return this.#documents;
  }

  /** Registers the built-in groups, then follows changes. */
  async start(): Promise<void> {
    const { backend, extra } = this.#options;
    for (const service of builtInServices(backend.rows().filter(isBuiltIn(backend)), extra)) await this.#ensure(service);
    const wake = (name: string): void => this.#wake(name);
    this.#removers.push(
      backend.onChange(APIServices, ({ metadata }) => wake(metadata.name)),
      backend.onChange(CustomResourceDefinitions, () => wake(customs)),
      backend.onChange(Services, ({ metadata }) => this.#wakeService(metadata.namespace ?? '', metadata.name)),
      backend.onChange(EndpointSlices, ({ metadata }) =>
        this.#wakeService(metadata.namespace ?? '', metadata.labels?.['kubernetes.io/service-name'] ?? ''),
      ),
    );
    for (const { metadata } of backend.list(APIServices)) wake(metadata.name);
    wake(customs);
  }

  #wakeService(namespace: string, name: string): void {
    for (const { name: service, service: at } of this.#options.remotes.all().values()) {
      if (at.namespace === namespace && at.name === name) this.#wake(service);
    }
  }

  #wake(name: string): void {
    if (this.#closed) return;
    this.#pending.add(name);
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      for (const waiting of this.#pending) this.#wake(waiting);
    });
  }

  async #run(): Promise<void> {
    await Promise.resolve();
    while (this.#pending.size > 0 && !this.#closed) {
      const names = [...this.#pending];
      this.#pending.clear();
      await Promise.all(names.map((name) => this.#reconcile(name)));
    }
    this.#timer?.cancel();
    // Only those who have somebody else's servers pay for asking them again.
    if (this.#options.remotes.all().size === 0 || this.#closed) return;
    this.#timer = this.#options.backend.world.clock.after(recheck, () => {
      for (const { name } of this.#options.remotes.all().values()) this.#wake(name);
    });
  }

  async #reconcile(name: string): Promise<void> {
    const { backend } = this.#options;
    try {
      if (name === customs) return await this.#registerCustom();
      const service = backend.peek(APIServices, name);
      if (service) await this.#check(service);
      else {
        this.#failures.delete(name);
        if (this.#known.delete(name)) this.#publish();
      }
    } catch (error) {
      if (isNotFound(error) || this.#closed) return;
      if (!isConflict(error)) backend.world.log.warn('API service not checked', { name, error: messageOf(error) });
      this.#retry(name, 1000);
    }
  }

  #retry(name: string, ms: number): void {
    const retry = this.#options.backend.world.clock.after(ms, () => {
      this.#retries.delete(retry);
      this.#wake(name);
    });
    this.#retries.add(retry);
  }

  /** Asks a server that does not answer again, soon at first: it may be about to start. */
  #askAgain(name: string): void {
    const failures = this.#failures.get(name) ?? new Backoff({ initial: 100, max: recheck });
    this.#failures.set(name, failures);
    this.#retry(name, failures.next());
  }

  async #ensure(service: Draft<APIService>): Promise<void> {
    const name = service.metadata?.name ?? '';
    if (this.#options.backend.peek(APIServices, name)) return;
    await this.#options.client
      .resource(APIServices)
      .create(service)
      .catch((error: unknown) => {
        if (!isAlreadyExists(error)) throw error;
      });
  }

  async #registerCustom(): Promise<void> {
    const { backend, client } = this.#options;
    const wanted = customServices(backend.list(CustomResourceDefinitions));
    for (const service of wanted.values()) await this.#ensure(service);
    for (const { metadata, spec } of backend.list(APIServices)) {
      if (metadata.labels?.[automanaged] !== 'true' || spec.service || wanted.has(metadata.name)) continue;
      await client.resource(APIServices).delete(metadata.name);
    }
  }

  async #check(service: APIService): Promise<void> {
    const { backend, remotes } = this.#options;
    const { spec, metadata } = service;
    if (!spec.service) {
      if (this.#known.delete(metadata.name)) this.#publish();
      return this.#report(service, local);
    }
    const { namespace = '', name = '' } = spec.service;
    const found = { service: backend.peek(Services, name, namespace), slices: slicesOf(backend, namespace, name) };
    const blocked = obstacle(service, found);
    const remote = remotes.find(spec.group ?? '', spec.version ?? '');
    if (blocked || !remote) {
      this.#remember(service, undefined);
      return blocked && this.#report(service, blocked);
    }
    let answers: Answers;
    try {
      answers = await this.#discover(remote);
    } catch (error) {
      this.#askAgain(metadata.name);
      const url = `https://${name}.${namespace}.svc:${remote.service.port}/apis/${remote.group}/${remote.version}`;
      this.#remember(service, undefined);
      return this.#report(service, failedDiscovery(url, messageOf(error)));
    }
    this.#failures.delete(metadata.name);
    this.#remember(service, answers);
    await this.#report(service, passed);
  }

  async #get(remote: Remote, path: string): Promise<Uint8Array> {
    const { remotes, backend } = this.#options;
    using limit = withTimeout(backend.world.clock, patience);
    const shown = `https://${remote.tls.serverName}:${remote.service.port}${path}`;
    try {
      const response = await remotes.fetch(remote, path, aggregatorUser, { headers: { accept: discoveryAccept }, signal: limit.signal });
      const answer = await boundedBody(response.body, largest);
      if (response.status < 200 || response.status > 299) throw new Error(`bad status from ${shown}: ${response.status}`);
      return answer;
    } catch (error) {
      if (limit.signal.aborted) throw new Error(`Get "${shown}": context deadline exceeded`, { cause: error });
      const { serverName = '' } = remote.tls;
      throw new Error(networkWords(error, `${serverName}:${remote.service.port}`, serverName), { cause: error });
    }
  }

  async #discover(remote: Remote): Promise<Answers> {
    const path = `/apis/${remote.group}/${remote.version}`;
    const legacy = await this.#get(remote, path);
    let aggregated: readonly DiscoveredResource[] | undefined;
    try {
      aggregated = fromAggregated(await this.#get(remote, '/apis'), remote);
    } catch {
      // Not every server has the aggregated form, or lets us see it.
    }
    let document: RemoteDocument | undefined;
    try {
      document = remoteDocument(await this.#get(remote, '/openapi/v2'), path);
    } catch {
      // Nor does every server describe itself in this form.
    }
    return { resources: aggregated ?? fromLegacy(legacy, remote), document };
  }

  /** Without answers the last known ones stay, marked as stale. */
  #remember({ metadata, spec }: APIService, answers: Answers | undefined): void {
    const before = this.#known.get(metadata.name);
    this.#known.set(metadata.name, {
      resources: answers?.resources ?? before?.resources ?? [],
      document: answers ? answers.document : before?.document,
      fresh: answers !== undefined,
      priority: spec.groupPriorityMinimum,
    });
    this.#publish();
  }

  #publish(): void {
    const groups = new Map<string, { group: string; priority: number; versions: DiscoveredGroup['versions'][number][] }>();
    for (const { group, version, name } of this.#options.remotes.all().values()) {
      const known = this.#known.get(name);
      if (!known) continue;
      const entry = groups.get(group) ?? { group, priority: known.priority, versions: [] };
      groups.set(group, entry);
      entry.priority = Math.max(entry.priority, known.priority);
      entry.versions.push({ version, freshness: known.fresh ? 'Current' : 'Stale', resources: known.resources });
    }
    const next = [...groups.values()];
    if (JSON.stringify(next) !== JSON.stringify(this.#groups)) this.#groups = next;
    const documents = [...this.#known.values()].flatMap(({ document }) => document ?? []);
    if (JSON.stringify(documents) !== JSON.stringify(this.#documents)) this.#documents = documents;
  }

  async #report({ metadata, status }: APIService, condition: typeof local): Promise<void> {
    const { backend, client } = this.#options;
    const conditions = withAvailable(status?.conditions, condition, rfc3339(backend.world.clock.now()));
    if (conditions === status?.conditions) return;
    const services = client.resource(APIServices);
    const newest = await services.get(metadata.name);
    const next = withAvailable(newest.status?.conditions, condition, rfc3339(backend.world.clock.now()));
    if (next !== newest.status?.conditions) await services.updateStatus({ ...newest, status: { ...newest.status, conditions: [...next] } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const remove of this.#removers) remove();
    this.#timer?.cancel();
    for (const retry of this.#retries) retry.cancel();
    await this.#running;
  }
}

const customs = '\u0000custom';

/** Rows of custom resources have APIServices of their own. */
function isBuiltIn(backend: Backend): (row: { readonly group: string }) => boolean {
  const custom = new Set(backend.list(CustomResourceDefinitions).map(({ spec }) => spec.group));
  return ({ group }) => !custom.has(group);
}
