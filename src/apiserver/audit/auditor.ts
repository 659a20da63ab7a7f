// Auditing: a policy decides what of which request is noted, sinks keep it.
import type { World } from '#base/world.ts';
import { loadKubeconfig } from '#client/kubeconfig.ts';
import { parseYaml } from '#format/yaml.ts';
import type { Call, RequestInfo } from '../chain.ts';
import type { WebhookTarget } from '../webhook/client.ts';
import { parsePolicy, type Policy, rulingFor } from './policy.ts';
import { type AuditedRequest, AuditRecord } from './record.ts';
import { type AuditSink, FileSink, WebhookSink } from './sinks.ts';

/** In which ways somebody tried to say who he is. */
function attempted({ headers, params, peer }: Call): string {
  const scheme = /^(basic|bearer) +\S/i.exec(headers['authorization'] ?? '')?.[1]?.toLowerCase();
  const ways = [scheme, params.get('access_token') && 'access_token', peer && 'x509'].filter(Boolean);
  return ways.length > 0 ? `Authentication failed, attempted: ${ways.join(', ')}` : 'Authentication failed, no credentials provided';
}

export class Auditor implements AsyncDisposable {
  readonly #world: World;
  readonly #policy: Policy;
  readonly #sinks: readonly AuditSink[];

  constructor(world: World, policy: Policy, sinks: readonly AuditSink[]) {
    this.#world = world;
    this.#policy = policy;
    this.#sinks = sinks;
  }

  /** Begins the record of a request; undefined when the policy leaves it out. */
  begin(request: AuditedRequest): AuditRecord | undefined {
    const ruling = rulingFor(this.#policy, request.user, request.info);
    if (ruling.level === 'None') return undefined;
    const { random, clock } = this.#world;
    return new AuditRecord(request, {
      id: request.call.headers['audit-id'] || random.uuid(),
      ruling,
      now: () => clock.now(),
      emit: (event) => {
        for (const sink of this.#sinks) sink.write(event);
      },
    });
  }

  /** Notes a request whose credentials nobody believed. */
  unauthorized(call: Call, info: RequestInfo): void {
    this.begin({ call, info, user: undefined, impersonated: undefined })?.unauthorized(attempted(call));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#sinks.map((sink) => sink[Symbol.asyncDispose]()));
  }
}

export interface AuditOptions {
  /** File of the policy (YAML). */
  readonly policyFile: string;
  readonly logPath?: string;
  /** A kubeconfig that names the server that takes events. */
  readonly webhookConfig?: string;
}

/** The target that a kubeconfig names, as webhooks of the API server are configured. */
export async function kubeconfigTarget(world: World, path: string): Promise<WebhookTarget> {
  const { server, tls, token } = await loadKubeconfig(world.fs, path);
  return { url: server, tls, ...(token ? { headers: { authorization: `Bearer ${token}` } } : {}) };
}

/** Makes an auditor from files; throws an Error that names the file which is wrong. */
export async function createAuditor(world: World, options: AuditOptions): Promise<Auditor> {
  let policy: Policy;
  try {
    policy = parsePolicy(parseYaml(await world.fs.readText(options.policyFile)));
  } catch (error) {
    throw new Error(`${options.policyFile}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const sinks: AuditSink[] = [];
  if (options.logPath) sinks.push(new FileSink(world, { path: options.logPath }));
  if (options.webhookConfig) sinks.push(new WebhookSink(world, await kubeconfigTarget(world, options.webhookConfig)));
  return new Auditor(world, policy, sinks);
}
