// Fronts as nftables text. The layout is maps only: one static chain per number of backends, everything else an element
// of a map, so that a change costs a few elements whatever else is there.
import { type Backend, type Family, type Front, frontKey } from './front.ts';

/** What the kernel holds for one front. */
export interface Programmed {
  readonly front: Front;
  /** Backend at each index; dense from 0, because the chain picks a random index below the count. */
  readonly order: readonly string[];
  /** For affinity: the lasting number of each backend, so that clients stay where they are when others come and go. */
  readonly slots: ReadonlyMap<string, number>;
  readonly nextSlot: number;
}

export interface RuleConfig {
  readonly table: string;
  /** Pod network ranges (all nodes), by family. */
  readonly podRanges: Readonly<Partial<Record<Family, string>>>;
}

const backendKey = (backend: Backend): string => `${backend.address} . ${backend.port}`;

/** Keeps every backend that stays at its index; fills holes from the end, then appends. */
export function arrange(previous: readonly string[], wanted: readonly string[]): string[] {
  const want = new Set(wanted);
  const known = new Set(previous);
  const added = wanted.filter((key) => !known.has(key));
  const order: (string | undefined)[] = previous.map((key) => (want.has(key) ? key : undefined));
  for (const key of added) {
    const hole = order.indexOf(undefined);
    if (hole < 0) order.push(key);
    else order[hole] = key;
  }
  for (;;) {
    while (order.length > 0 && order.at(-1) === undefined) order.pop();
    const hole = order.indexOf(undefined);
    if (hole < 0) return order as string[];
    order[hole] = order.pop();
  }
}

/** The next state of a front, given what is programmed now. */
export function programme(previous: Programmed | undefined, front: Front): Programmed {
  const order = arrange(previous?.order ?? [], [...new Set(front.backends.map(backendKey))]);
  let nextSlot = previous?.nextSlot ?? 0;
  const slots = new Map<string, number>();
  if (front.affinity !== undefined) for (const key of order) slots.set(key, previous?.slots.get(key) ?? nextSlot++);
  return { front, order, slots, nextSlot };
}

interface Element {
  readonly set: string;
  readonly key: string;
  readonly value: string;
}

const onAddress = (front: Front): boolean => front.address !== '';
const selector = (front: Front): string =>
  onAddress(front) ? `${front.address} . ${front.protocol} . ${front.port}` : `${front.protocol} . ${front.port}`;
const prefix = (front: Front): string => `${front.fromInside ? 'in' : ''}${onAddress(front) ? '' : 'np'}`;

/** The chain that a front goes to: by number of backends and, with affinity, its time-out. */
export function chainOf(state: Programmed): string {
  const base = `${state.front.fromInside ? 'in' : ''}${onAddress(state.front) ? 'pick' : 'nodepick'}`;
  const affinity = state.front.affinity === undefined ? '' : `-a${state.front.affinity}`;
  return `${base}${state.order.length}${affinity}`;
}

/** Every element that a programmed front puts into the kernel. */
function elementsOf(state: Programmed): Element[] {
  const { front, order, slots } = state;
  const key = selector(front);
  const elements: Element[] = [];
  if (front.kind === 'cluster') elements.push({ set: 'service-ips', key: front.address, value: '' });
  if (front.kind === 'external' && front.masquerade) elements.push({ set: 'external-ips', key: front.address, value: '' });
  if (front.sources !== undefined) {
    elements.push({ set: 'guarded', key, value: '' });
    for (const source of front.sources) elements.push({ set: 'sources', key: `${key} . ${source}`, value: '' });
  }
  if (front.kind === 'port' && front.masquerade) elements.push({ set: `np-${front.protocol}`, key: String(front.port), value: '' });
  if (order.length === 0) return elements;
  elements.push({ set: `${prefix(front)}svc`, key, value: `goto ${chainOf(state)}` });
  order.forEach((backend, index) => {
    const slot = slots.get(backend);
    if (slot !== undefined) elements.push({ set: `${prefix(front)}slots`, key: `${key} . ${index}`, value: String(slot) });
    elements.push({ set: `${prefix(front)}eps`, key: `${key} . ${slot ?? index}`, value: backend });
    const address = backend.slice(0, backend.indexOf(' '));
    elements.push({ set: 'hairpin', key: `${address} . ${address}`, value: '' });
  });
  return elements;
}

/** The static chain for `count` backends. */
function chainText(config: RuleConfig, family: Family, chain: string, state: Programmed): string {
  const count = state.order.length;
  const np = prefix(state.front);
  const key = onAddress(state.front) ? `${family} daddr . meta l4proto . th dport` : 'meta l4proto . th dport';
  const send = `dnat ${family} to ${key} . meta mark map @${np}eps`;
  const random = `meta mark set numgen random mod ${count}`;
  const timeout = state.front.affinity;
  const rule = (text: string): string => `add rule ${family} ${config.table} ${chain} ${text}`;
  const add = `add chain ${family} ${config.table} ${chain}`;
  if (timeout === undefined) return [add, rule(`${random} ${send}`)].join('\n');
  const client = `${family} saddr . ${key}`;
  return [
    add,
    rule('meta mark set 0xffffff'),
    rule(`meta mark set ${client} map @${np}aff`),
    rule(send),
    rule(random),
    rule(`meta mark set ${key} . meta mark map @${np}slots`),
    rule(`update @${np}aff { ${client} timeout ${timeout}s : meta mark }`),
    rule(send),
  ].join('\n');
}

/** The maps of one side: for traffic from inside the cluster (`in`), or for all. */
function mapsText(address: string, side: string): string {
  return `  map ${side}svc { type ${address} . inet_proto . inet_service : verdict; }
  map ${side}npsvc { type inet_proto . inet_service : verdict; }
  map ${side}eps { type ${address} . inet_proto . inet_service . mark : ${address} . inet_service; }
  map ${side}npeps { type inet_proto . inet_service . mark : ${address} . inet_service; }
  map ${side}slots { type ${address} . inet_proto . inet_service . mark : mark; }
  map ${side}npslots { type inet_proto . inet_service . mark : mark; }
  map ${side}aff { type ${address} . ${address} . inet_proto . inet_service : mark; flags dynamic,timeout; timeout 3h; size 65535; }
  map ${side}npaff { type ${address} . inet_proto . inet_service : mark; flags dynamic,timeout; timeout 3h; size 65535; }
`;
}

/** The empty table: sets, maps and the hooks that use them. */
export function baseText(config: RuleConfig, family: Family): string {
  const address = family === 'ip' ? 'ipv4_addr' : 'ipv6_addr';
  // Linux sends nothing from ::1 to elsewhere; from 127.0.0.1 it does when asked (route_localnet), with another source.
  const notLoopback = family === 'ip' ? '' : 'ip6 daddr != ::1 ';
  const fromLoopback = family === 'ip' ? '    ip saddr 127.0.0.0/8 masquerade\n' : '';
  const guard =
    family === 'ip' ? '  chain guard { type filter hook prerouting priority raw; ip daddr 127.0.0.0/8 iifname != "lo" drop; }\n' : '';
  const pods = config.podRanges[family];
  const notFromPods = pods === undefined ? '' : `${family} saddr != ${pods} `;
  const port = (protocol: string): string =>
    `    ct original ${family} daddr != @service-ips meta l4proto ${protocol} ct original proto-dst @np-${protocol} masquerade`;
  const inward = pods === undefined ? '' : `    ${family} saddr ${pods} goto inside\n`;
  const outward =
    pods === undefined ? '' : `    ${family} saddr ${pods} ${family} daddr != ${pods} ${family} daddr != @node-ips masquerade\n`;
  return `add table ${family} ${config.table}
delete table ${family} ${config.table}
table ${family} ${config.table} {
  set service-ips { type ${address}; }
  set external-ips { type ${address}; }
  set node-ips { type ${address}; }
  set np-tcp { type inet_service; }
  set np-udp { type inet_service; }
  set np-sctp { type inet_service; }
  set hairpin { type ${address} . ${address}; }
  set guarded { type ${address} . inet_proto . inet_service; }
  set sources { type ${address} . inet_proto . inet_service . ${address}; flags interval; }
${['', 'in'].map((side) => mapsText(address, side)).join('')}${guard}  chain watch-pre { type filter hook prerouting priority -110; ct state new goto watch; }
  chain watch-out { type filter hook output priority -110; ct state new goto watch; }
  chain watch {
    ${family} daddr . meta l4proto . th dport @guarded ${family} daddr . meta l4proto . th dport . ${family} saddr != @sources drop
  }
  chain pre { type nat hook prerouting priority dstnat; jump services; }
  chain out { type nat hook output priority -100; jump services; }
  chain services {
${inward}    fib saddr type local goto inside
    goto outside
  }
  chain inside {
    ${family} daddr . meta l4proto . th dport vmap @insvc
    fib daddr type local ${notLoopback}meta l4proto . th dport vmap @innpsvc
    goto outside
  }
  chain outside {
    ${family} daddr . meta l4proto . th dport vmap @svc
    fib daddr type local ${notLoopback}meta l4proto . th dport vmap @npsvc
  }
  chain post {
    type nat hook postrouting priority srcnat;
    ct status & dnat == 0 goto outward
${fromLoopback}    ct original ${family} daddr @service-ips ${notFromPods}masquerade
    ct original ${family} daddr @external-ips masquerade
    ${family} saddr . ${family} daddr @hairpin masquerade
${port('tcp')}
${port('udp')}
${port('sctp')}
  }
  chain outward {
${outward}  }
  chain reject-forward { type filter hook forward priority -110; ct state new jump unserved; }
  chain reject-out { type filter hook output priority -90; ct state new jump unserved; }
  chain unserved {
    ${family} daddr @service-ips goto refuse
    ${family} daddr @external-ips goto refuse
  }
  chain refuse { meta l4proto tcp reject with tcp reset; reject; }
}
`;
}

/** The rules of one family as this process knows them to be, and the text that changes them. */
export class RuleState {
  readonly #config: RuleConfig;
  readonly family: Family;
  readonly #programmed = new Map<string, Programmed>();
  readonly #chains = new Set<string>();
  /** How many fronts need each element: hairpin pairs and addresses are shared. */
  readonly #users = new Map<string, number>();

  constructor(config: RuleConfig, family: Family) {
    this.#config = config;
    this.family = family;
  }

  get size(): number {
    return this.#programmed.size;
  }

  get(key: string): Programmed | undefined {
    return this.#programmed.get(key);
  }

  /**
   * Replaces fronts and returns the nft text that does the same in the kernel ('' when nothing changes).
   * `gone` are keys to remove, `wanted` the fronts to have.
   */
  change(gone: Iterable<string>, wanted: Iterable<Front>): string {
    const before: Element[] = [];
    const after: Element[] = [];
    const chains: string[] = [];
    for (const key of gone) {
      const old = this.#programmed.get(key);
      if (old === undefined) continue;
      before.push(...elementsOf(old));
      this.#programmed.delete(key);
    }
    for (const front of wanted) {
      const key = frontKey(front);
      const old = this.#programmed.get(key);
      const next = programme(old, front);
      if (old !== undefined) before.push(...elementsOf(old));
      after.push(...elementsOf(next));
      this.#programmed.set(key, next);
      const chain = chainOf(next);
      if (next.order.length === 0 || this.#chains.has(chain)) continue;
      this.#chains.add(chain);
      chains.push(chainText(this.#config, this.family, chain, next));
    }
    return this.#text(chains, before, after);
  }

  /** The text that makes the whole table anew, atomically. */
  replace(nodeAddresses: readonly string[]): string {
    const states = [...this.#programmed.values()];
    this.#programmed.clear();
    this.#chains.clear();
    this.#users.clear();
    const fronts = states.map((state) => state.front);
    return `${baseText(this.#config, this.family)}${this.nodeText(nodeAddresses, [])}${this.change([], fronts)}`;
  }

  /** Text that updates the set of node addresses. */
  nodeText(addresses: readonly string[], previous: readonly string[]): string {
    const gone = previous.filter((address) => !addresses.includes(address));
    const added = addresses.filter((address) => !previous.includes(address));
    return this.#line('delete', 'node-ips', gone) + this.#line('add', 'node-ips', added);
  }

  #line(verb: string, set: string, elements: readonly string[]): string {
    return elements.length === 0 ? '' : `${verb} element ${this.family} ${this.#config.table} ${set} { ${elements.join(', ')} }\n`;
  }

  #text(chains: readonly string[], before: readonly Element[], after: readonly Element[]): string {
    const deltas = new Map<string, { element: Element; count: number }>();
    const count = (element: Element, by: number): void => {
      const id = `${element.set} ${element.key} ${element.value}`;
      const delta = deltas.get(id);
      if (delta === undefined) deltas.set(id, { element, count: by });
      else delta.count += by;
    };
    for (const element of before) count(element, -1);
    for (const element of after) count(element, 1);
    const deletes = new Map<string, string[]>();
    const adds = new Map<string, string[]>();
    const push = (into: Map<string, string[]>, set: string, text: string): void => {
      const list = into.get(set);
      if (list === undefined) into.set(set, [text]);
      else list.push(text);
    };
    for (const [id, { element, count: by }] of deltas) {
      if (by === 0) continue;
      const had = this.#users.get(id) ?? 0;
      const has = had + by;
      if (has === 0) this.#users.delete(id);
      else this.#users.set(id, has);
      if (had > 0 && has === 0) push(deletes, element.set, element.key);
      if (had === 0 && has > 0) push(adds, element.set, element.value === '' ? element.key : `${element.key} : ${element.value}`);
    }
    const lines = (verb: string, sets: Map<string, string[]>): string =>
      [...sets].map(([set, elements]) => this.#line(verb, set, elements)).join('');
    const chainLines = chains.length === 0 ? '' : `${chains.join('\n')}\n`;
    return `${chainLines}${lines('delete', deletes)}${lines('add', adds)}`;
  }
}
