// A whole cluster in one process on a virtual clock: API server and store, controller managers, scheduler, machines, and the
// network between them. Whatever dies is started again after a while, as a service manager would.
import type { Fs } from '#base/fs.ts';
import type { Random } from '#base/random.ts';
import { seededRandom } from '#base/seeded.ts';
import type { TestClock } from '#base/testclock.ts';
import { messageOf } from '#base/errors.ts';
import { componentUser } from '#apiserver/authn/groups.ts';
import { apiserverUser } from '#apiserver/server.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { Nodes } from '#api/refs.ts';
import type { Client } from '#client/client.ts';
import { createClient } from '#client/create.ts';
import { createInformers } from '#client/informer.ts';
import type { ApiRequest } from '#client/transport.ts';
import { startControllers } from '#controllers/start.ts';
import { defaultConfig } from '#scheduler/config/config.ts';
import { startScheduler } from '#scheduler/scheduler.ts';
import { createDisk } from './host/disk.ts';
import { fair, Link, type Passed, type Weather } from './host/link.ts';
import { Machine } from './host/machine.ts';
import { type Process, startProcess, type Surroundings } from './host/process.ts';
import { Server } from './host/server.ts';
import { createSimTime } from './host/time.ts';
import { createTrace, type Trace } from './host/trace.ts';
import { createUsage } from './host/usage.ts';
import { Wire } from './host/wire.ts';
import { Truth } from './truth.ts';

/** A rule was broken: the life ends here. */
export class Violation extends Error {
  readonly rule: string;
  constructor(rule: string, message: string) {
    super(`${rule}: ${message}`);
    this.rule = rule;
  }
}

export interface ClusterOptions {
  readonly seed: string;
  readonly nodes: number;
  /** More than one: they elect a leader. */
  readonly managers: number;
  readonly everyLine?: (line: string) => void;
}

/** A process with its link to the API server. */
export interface Member {
  readonly name: string;
  readonly process: Process;
  readonly link: Link;
}

/** What each machine has. */
const machine = { cpus: 4, memoryBytes: 8 * 1024 ** 3, diskBytes: 100 * 1024 ** 3 };
/** A second profile of the same scheduler. */
export const otherScheduler = 'other-scheduler';

export class Cluster {
  readonly seed: string;
  /** For what happens in this life; processes have their own. */
  readonly random: Random;
  readonly time: TestClock;
  readonly trace: Trace;
  readonly truth: Truth;
  readonly server: Server;
  readonly machines: readonly Machine[];
  readonly members = new Map<string, Member>();
  /** Called when everything has had its turn. */
  readonly onStep = new Set<() => void>();
  /** Called for every request that the API server has answered. */
  readonly onPassed = new Set<(passed: Passed) => void>();
  /** Called when a process sends a request. */
  readonly onIssued = new Set<(process: string, user: string, request: ApiRequest) => void>();
  readonly #options: ClusterOptions;
  /** What all processes share. */
  readonly #around: Surroundings;
  readonly #troubled = new Map<string, number>();
  /** When machines lost their power. */
  readonly #dark = new Map<string, number>();
  /** Members that are stopped, and when others were told to go on. */
  readonly #frozen = new Set<string>();
  readonly #woken = new Map<string, number>();
  readonly #incarnations = new Map<string, number>();
  /** When members were started again. */
  readonly #reborn = new Map<string, number>();
  /** Keys whose writers were never answered, since the server is up. */
  readonly #unanswered = new Map<ApiRequest, string>();
  #serial = 0;
  #broken: Violation | undefined;
  #healing = false;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.seed = options.seed;
    this.random = seededRandom(options.seed);
    this.time = createSimTime(() => this.#step());
    this.trace = createTrace(options.everyLine);
    this.truth = new Truth((what) => this.violated('durability', what));
    const podOf = (uid: string): Pod | undefined => this.truth.byUid(uid) as Pod | undefined;
    this.server = new Server(
      createDisk(() => 4),
      createUsage(this.time, () => this.machines, podOf),
    );
    const weatherOf = (name: string): Weather | undefined => {
      const link = this.members.get(name)?.link;
      return link?.severed === false ? link.weather : undefined;
    };
    const wire = new Wire({ time: this.time, random: seededRandom(`${options.seed}/wire`), weatherOf });
    this.#around = { seed: this.seed, time: this.time, wire, log: this.#log };
    this.machines = Array.from({ length: options.nodes }, (_, i) => this.#machine(`node-${i}`));
    this.onPassed.add((passed) => this.#note(passed));
  }

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.time.monotonic();
  }

  /** A number that was not given out before, for names. */
  nextSerial(): number {
    return ++this.#serial;
  }

  say(text: string): void {
    this.trace.line(this.now, text);
  }

  /** Ends the life: a rule was broken. */
  violated(rule: string, message: string): void {
    this.say(`VIOLATION ${rule}: ${message}`);
    this.#broken ??= new Violation(rule, message);
  }

  /** A client of the server's own, without a network; undefined while it is down. */
  client(): Client | undefined {
    const transport = this.server.transport(apiserverUser);
    if (transport === undefined) return undefined;
    return createClient({
      send: async (request) => {
        if (request.method !== 'GET') this.#unanswered.set(request, keyOfPath(request.path));
        const answer = await transport.send(request);
        this.#unanswered.delete(request);
        return answer;
      },
    });
  }

  /** Starts everything; resolves when all nodes are ready. */
  async start(): Promise<void> {
    void this.#startServer();
    await this.time.advanceUntil(() => this.server.up);
    for (let i = 0; i < this.#options.managers; i++) this.#startManager(`manager-${i}`);
    this.#startScheduler();
    for (const one of this.machines) void one.powerOn();
    const ready = (): boolean => this.machines.every(({ name }) => this.isNodeReady(name));
    await this.time.advanceUntil(ready, 120_000);
  }

  isNodeReady(name: string): boolean {
    const conditions = this.truth.get(Nodes, name)?.status?.conditions ?? [];
    return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
  }

  /** Sets how a member's network behaves. */
  weather(name: string, weather: Weather): void {
    this.#trouble(name);
    this.members.get(name)?.link.setWeather(weather);
    this.say(`fault weather ${name} ${JSON.stringify(weather)}`);
  }

  sever(name: string): void {
    this.#trouble(name);
    this.members.get(name)?.link.sever();
    this.say(`fault sever ${name}`);
  }

  mend(name: string): void {
    this.#trouble(name);
    this.members.get(name)?.link.mend();
    this.say(`mend ${name}`);
  }

  cutWatches(name: string): void {
    this.#trouble(name);
    this.members.get(name)?.link.cutWatches();
    this.say(`fault cut the watches of ${name}`);
  }

  /** Stops a member, as SIGSTOP does it: it neither knows nor does anything until it is woken. */
  freeze(name: string): void {
    const member = this.members.get(name);
    if (member === undefined || this.#frozen.has(name)) return;
    this.#trouble(name);
    this.say(`fault ${name} is stopped`);
    this.#frozen.add(name);
    member.process.clock.freeze();
    member.link.hold();
  }

  wake(name: string): void {
    const member = this.members.get(name);
    if (member === undefined || !this.#frozen.delete(name)) return;
    this.#trouble(name);
    this.#woken.set(name, this.now);
    this.say(`${name} goes on`);
    // Timers go off before anything is read.
    member.process.clock.thaw();
    this.time.after(0, () => member.link.release());
  }

  /** Kills a member now, or after so many more of its requests. */
  kill(name: string, afterCalls = 0): void {
    this.say(`fault kill ${name} after ${afterCalls} calls`);
    this.#trouble(name);
    const member = this.members.get(name);
    if (afterCalls === 0) member?.process.kill();
    else member?.link.killAfter(afterCalls);
  }

  /** Sets a member's wall clock forward or back. */
  jumpClock(name: string, ms: number): void {
    this.say(`fault the clock of ${name} jumps by ${ms} ms`);
    if (name === 'server') this.server.process?.clock.jump(ms);
    else this.members.get(name)?.process.clock.jump(ms);
  }

  powerOff(one: Machine): void {
    this.#trouble(`${one.name}/agent`);
    this.say(`fault power off ${one.name}`);
    this.#dark.set(one.name, this.now);
    one.powerOff();
  }

  powerOn(one: Machine): void {
    this.#trouble(`${one.name}/agent`);
    this.say(`power on ${one.name}`);
    this.#dark.delete(one.name);
    void one.powerOn();
  }

  /** Kills the API server and its store; they come back soon. */
  crashServer(): void {
    if (!this.server.up) return;
    const lost = this.server.kill();
    this.say(`fault the server is killed; ${lost} batches lost`);
    this.truth.pause();
    for (const { link } of this.members.values()) link.serverDown();
    this.#trouble('server');
    this.time.after(500 + this.random.next() * 6_000, () => void this.#startServer());
  }

  /** Ends all faults. What is dead comes back. */
  heal(): void {
    this.#healing = true;
    for (const { name, link } of this.members.values()) {
      link.setWeather(fair);
      link.killAfter(undefined);
      if (link.severed) link.mend();
      this.#trouble(name);
    }
    for (const name of this.#frozen) this.wake(name);
    for (const one of this.machines) if (!one.powered) this.powerOn(one);
    this.say('all is well again');
  }

  /** Kills everything for good. */
  end(): void {
    this.server.kill();
    for (const { process } of this.members.values()) process.kill();
    this.truth.pause();
  }

  /** Milliseconds for which a member (and the server) has been alive on a fair network. */
  calmFor(name: string): number {
    const member = this.members.get(name);
    if (
      member === undefined ||
      this.#frozen.has(name) ||
      !member.process.alive ||
      member.link.severed ||
      !member.link.isFair ||
      !this.server.up
    )
      return 0;
    return this.now - Math.max(this.#troubled.get(name) ?? 0, this.#troubled.get('server') ?? 0);
  }

  /** True when a member has taken the place of a dead one, whose last requests may still be on their way, within so many ms. */
  isReborn(name: string, within: number): boolean {
    return this.now - (this.#reborn.get(name) ?? Number.NEGATIVE_INFINITY) < within;
  }

  /** True when a member was stopped and goes on since no more than so many ms: it has yet to find out what it has missed. */
  isWaking(name: string, within: number): boolean {
    return this.now - (this.#woken.get(name) ?? Number.NEGATIVE_INFINITY) < within;
  }

  /** Milliseconds for which a machine has had no power; 0: it has. */
  silentFor(name: string): number {
    const since = this.#dark.get(name);
    return since === undefined ? 0 : this.now - since;
  }

  /** Names of the members that are controller managers. */
  managers(): string[] {
    return [...this.members.keys()].filter((name) => name.startsWith('manager-'));
  }

  #trouble(name: string): void {
    this.#troubled.set(name, this.now);
  }

  #step(): void {
    for (const step of this.onStep) step();
    if (this.#broken !== undefined) throw this.#broken;
  }

  #nextIncarnation(name: string): number {
    const number = (this.#incarnations.get(name) ?? 0) + 1;
    this.#incarnations.set(name, number);
    return number;
  }

  #log = (level: 'debug' | 'info' | 'warn' | 'error', process: string, message: string, fields: object): void => {
    if (level === 'debug' || level === 'info') return;
    const { stack, ...rest } = fields as { stack?: string };
    this.say(`log ${level} ${process}: ${message} ${JSON.stringify(rest)}`);
    // A refusal of the API or of the network is part of life; an error of the program is not.
    if (stack !== undefined && /\b(TypeError|RangeError|ReferenceError|AssertionError)\b/.test(stack)) {
      this.violated('no component breaks', `${process}: ${message}: ${stack}`);
    }
  };

  #spawn(name: string, fs?: Fs): Member {
    const process = startProcess(this.#around, name, this.#nextIncarnation(name), fs);
    const link = new Link({
      process,
      random: seededRandom(`${this.seed}/network/${name}/${this.#incarnations.get(name)}`),
      time: this.time,
      server: (user) => this.server.transport(user),
      issued: (user, request) => {
        for (const hear of this.onIssued) hear(name, user, request);
      },
      arrived: (request) => {
        if (request.method !== 'GET') this.#unanswered.set(request, keyOfPath(request.path));
      },
      passed: (passed) => {
        for (const hear of this.onPassed) hear(passed);
      },
    });
    const member = { name, process, link };
    this.members.set(name, member);
    if ((this.#incarnations.get(name) ?? 0) > 1) this.#reborn.set(name, this.now);
    this.#trouble(name);
    return member;
  }

  /** Has a dead member come back. */
  #supervise(member: Member, restart: () => void): void {
    member.process.onKill(() => {
      this.say(`${member.name} is dead`);
      this.#frozen.delete(member.name);
      this.#trouble(member.name);
      this.time.after(500 + this.random.next() * (this.#healing ? 2_000 : 9_000), restart);
    });
  }

  async #startServer(): Promise<void> {
    const pending = new Set(this.#unanswered.values());
    this.#unanswered.clear();
    try {
      await this.server.start(startProcess(this.#around, 'server', this.#nextIncarnation('server')));
      if (!this.server.up) return;
      this.#trouble('server');
      this.say('the server is up');
      await this.truth.follow(this.server.client(), pending);
    } catch (error) {
      this.violated('the server starts', messageOf(error));
    }
  }

  #startManager(name: string): void {
    const member = this.#spawn(name);
    const { process, link } = member;
    this.#supervise(member, () => this.#startManager(name));
    const clientFor = (user: string): Client => createClient(link.transport(componentUser(user)));
    const informers = createInformers(clientFor('system:kube-controller-manager'), process.world);
    startControllers({
      clientFor,
      informers,
      world: process.world,
      pki: { ca: { cert: 'simulated', key: '' } },
      podCidr: '10.244.0.0/16',
      ...(this.#options.managers > 1 ? { election: { identity: `${name}_${this.#incarnations.get(name)}` } } : {}),
    });
    informers.start();
  }

  #startScheduler(): void {
    const member = this.#spawn('scheduler');
    const { process, link } = member;
    this.#supervise(member, () => this.#startScheduler());
    const client = createClient(link.transport(componentUser('system:kube-scheduler')));
    const informers = createInformers(client, process.world);
    const [first] = defaultConfig.profiles;
    if (first === undefined) throw new Error('the scheduler has no profile');
    const config = { ...defaultConfig, profiles: [first, { ...first, schedulerName: otherScheduler }] };
    startScheduler({ client, informers, world: process.world, config });
    informers.start();
  }

  #machine(name: string): Machine {
    const made: Machine = new Machine({
      name,
      machine,
      podCidr: () => this.truth.get(Nodes, name)?.spec.podCIDR,
      spawn: (processName, fs) => {
        const member = this.#spawn(processName, fs);
        if (processName === `${name}/agent`) this.#supervise(member, () => void made.startAgent());
        return { process: member.process, transport: (user) => member.link.transport(user) };
      },
    });
    return made;
  }

  #note({ process, user, request, answer, lost }: Passed): void {
    if (answer !== undefined) this.#unanswered.delete(request);
    const { method, path, query } = request;
    const watch = query?.includes('watch=true') === true ? ' watch' : '';
    const who = user.replace('system:serviceaccount:kube-system:', '').replace('system:', '');
    this.say(`${process} ${who} ${method} ${path}${watch} ${answer?.status ?? 'no answer'}${lost ? ' lost' : ''}`);
  }
}

/** `resource/namespace/name` of the object that a path leads to. */
export function keyOfPath(path: string): string {
  const parts = path.split('/').slice(path.startsWith('/api/') ? 3 : 4);
  if (parts[0] !== 'namespaces' || parts.length < 3) return parts.slice(0, 2).join('/');
  return `${parts[2]}/${parts[1]}/${parts[3] ?? ''}`;
}
