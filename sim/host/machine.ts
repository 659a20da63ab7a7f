// A machine of the simulated world: its disk, its containers, and the agent that looks after them. The agent may die and
// start again over running containers; when the power goes, they are gone as well.
import type { Fs } from '#base/fs.ts';
import type { Agent } from '#agent/agent.ts';
import { createAddresses } from '#agent/sim/addresses.ts';
import type { SimMachine } from '#agent/sim/machine.ts';
import { createSimRuntime, type SimRuntime } from '#agent/sim/runtime.ts';
import { createClient } from '#client/create.ts';
import type { Transport, UserInfo } from '#client/transport.ts';
import { componentUser } from '#apiserver/authn/groups.ts';
import { startSimAgent } from '#cmd/simnodes.ts';
import { createFiles, type Files } from './files.ts';
import type { Process } from './process.ts';
import { connectRuntime } from './runtimelink.ts';

export interface MachineOptions {
  readonly name: string;
  readonly machine: SimMachine;
  /** Starts a process on this machine; `network` gives it a link to the API server. */
  spawn(name: string, fs: Fs): { readonly process: Process; transport(user: UserInfo): Transport };
  /** The node's range of pod addresses, when it has one. */
  podCidr(): string | undefined;
}

const tls = { cert: '', key: '', clientCa: '' };

export class Machine {
  readonly name: string;
  readonly #options: MachineOptions;
  /** Outlasts its power. */
  readonly #fs: Files = createFiles();
  #host: Process | undefined;
  #agent: Process | undefined;
  #running: Agent | undefined;
  #runtime: SimRuntime | undefined;
  #power = new AbortController();
  /** Called when a container has started. */
  readonly onStarted = new Set<() => void>();

  constructor(options: MachineOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** True when there is a file or a directory on its disk. */
  has(path: string): boolean {
    return this.#fs.has(path);
  }

  get powered(): boolean {
    return this.#host !== undefined;
  }

  /** The agent's process, when there is one. */
  get agent(): Process | undefined {
    return this.#agent?.alive === true ? this.#agent : undefined;
  }

  /** Undefined when healthy, else what is wrong with the agent. */
  health(): string | undefined {
    return this.#running === undefined ? 'the agent has not started' : this.#running.health();
  }

  /** The containers; undefined without power. */
  get runtime(): SimRuntime | undefined {
    return this.#runtime;
  }

  /** Boots it with no containers and starts the agent. */
  async powerOn(): Promise<void> {
    if (this.#host !== undefined) return;
    const { process } = this.#options.spawn(`${this.name}/runtime`, this.#fs);
    this.#host = process;
    this.#runtime = createSimRuntime(process.world, { addresses: createAddresses(() => this.#options.podCidr()) });
    this.#power = new AbortController();
    void this.#hear(this.#runtime, this.#power.signal);
    await this.startAgent();
  }

  async #hear(runtime: SimRuntime, signal: AbortSignal): Promise<void> {
    for await (const { type } of runtime.events(signal)) if (type === 'started') for (const started of this.onStarted) started();
  }

  /** Everything stops at once. */
  powerOff(): void {
    this.killAgent();
    this.#power.abort(new Error('the power is off'));
    this.#host?.kill();
    this.#host = undefined;
    this.#runtime = undefined;
  }

  killAgent(): void {
    this.#agent?.kill();
    this.#agent = undefined;
    this.#running = undefined;
  }

  /** Starts the agent unless it runs; resolves when it has begun to work. */
  async startAgent(): Promise<void> {
    const runtime = this.#runtime;
    if (runtime === undefined || this.agent !== undefined) return;
    const { process, transport } = this.#options.spawn(`${this.name}/agent`, this.#fs);
    this.#agent = process;
    this.#running = undefined;
    const running = await startSimAgent({
      world: process.world,
      nodeName: this.name,
      client: createClient(transport(componentUser(`system:node:${this.name}`))),
      runtime: connectRuntime(runtime, process),
      machine: this.#options.machine,
      dataDir: '/var/lib/tutti',
      clusterDns: '10.96.0.10',
      domain: 'cluster.local',
      version: 'v1.35.0',
      tls,
    });
    running.ready.catch(() => undefined);
    if (this.#agent === process) this.#running = running;
  }
}
