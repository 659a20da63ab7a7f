// Policies, pods and namespaces as they are now, and the table that follows from them, kept by small steps: a pod that
// comes or goes costs a look at each selector in use, never a look at all other pods.
import type { Labels } from '#format/selector.ts';
import { type Family, familyOf, type Protocol } from '../front.ts';
import { type Direction, namedElement, namedType, peerType, policyBase, policyRules, type SetNames, selfSet, verdictMap } from './rules.ts';
import { type CompiledPolicy, type PeerSelector, type PodView, selectsPod } from './select.ts';
import { TableState } from './table.ts';

const directions: readonly Direction[] = ['ingress', 'egress'];

/** A set in the kernel that follows pods, and how many policies use it. */
interface Followed {
  readonly name: string;
  users: number;
  readonly elements: (pod: PodView) => readonly string[];
  /** What each pod has put in. */
  readonly members: Map<string, readonly string[]>;
}

interface Entry {
  readonly policy: CompiledPolicy;
  readonly id: number;
  readonly uses: readonly Followed[];
}

interface Combination {
  readonly name: string;
  users: number;
}

interface Local {
  readonly pod: PodView;
  readonly combinations: Readonly<Partial<Record<Direction, string>>>;
}

/** Everything that policies say on one node. Mutations are cheap; `text` gives what changed for the kernel. */
export class PolicyModel {
  readonly #families: readonly Family[];
  readonly #table: TableState;
  readonly #name: string;
  readonly #policies = new Map<string, Entry>();
  readonly #pods = new Map<string, PodView>();
  readonly #namespaces = new Map<string, Labels>();
  readonly #followed = new Map<string, Followed>();
  readonly #locals = new Map<string, Local>();
  /** The local pods that show an address, oldest first: the youngest is the one that has it. */
  readonly #owners = new Map<string, string[]>();
  readonly #combinations = new Map<string, Combination>();
  #nextId = 1;

  constructor(table: string, families: readonly Family[]) {
    this.#name = table;
    this.#families = families;
    this.#table = new TableState(table);
  }

  /** What changed since the last text, or the whole table. */
  text(whole: boolean): string {
    return whole ? this.#table.replace(policyBase(this.#name, this.#families)) : this.#table.text();
  }

  setPolicy(policy: CompiledPolicy): void {
    const old = this.#policies.get(policy.key);
    if (old?.policy.text === policy.text) return;
    const id = this.#nextId++;
    const uses = new Map<string, Followed>();
    const names = this.#namesFor(policy, uses);
    this.#policies.set(policy.key, { policy, id, uses: [...uses.values()] });
    for (const direction of directions) {
      const rules = policy[direction];
      if (rules === undefined) continue;
      for (const family of this.#families)
        this.#table.chain(chainName(id, direction, family), policyRules(rules, { direction, family, names }));
    }
    this.#decideAll(policy.namespace);
    if (old !== undefined) this.#forget(old);
  }

  removePolicy(key: string): void {
    const old = this.#policies.get(key);
    if (old === undefined) return;
    this.#policies.delete(key);
    this.#decideAll(old.policy.namespace);
    this.#forget(old);
  }

  /** A pod anywhere in the cluster; `undefined` when it is gone or has no address. */
  setPod(key: string, pod: PodView | undefined): void {
    if (pod === undefined) this.#pods.delete(key);
    else this.#pods.set(key, pod);
    for (const followed of this.#followed.values()) this.#follow(followed, key, pod);
  }

  setNamespace(name: string, labels: Labels | undefined): void {
    if (labels === undefined) this.#namespaces.delete(name);
    else this.#namespaces.set(name, labels);
    for (const pod of this.#pods.values()) {
      if (pod.namespace !== name) continue;
      for (const followed of this.#followed.values()) this.#follow(followed, pod.key, pod);
    }
  }

  /** A pod of this node, the one that policies are enforced for. */
  setLocal(key: string, pod: PodView | undefined): void {
    const old = this.#locals.get(key);
    const lost = (old?.pod.ips ?? []).filter((ip) => !pod?.ips.includes(ip));
    for (const ip of lost) {
      const left = (this.#owners.get(ip) ?? []).filter((owner) => owner !== key);
      if (left.length > 0) this.#owners.set(ip, left);
      else this.#owners.delete(ip);
    }
    for (const ip of pod?.ips ?? [])
      if (!old?.pod.ips.includes(ip)) this.#owners.set(ip, [...(this.#owners.get(ip) ?? []).filter((owner) => owner !== key), key]);
    if (pod === undefined) this.#locals.delete(key);
    else this.#locals.set(key, { pod, combinations: old?.combinations ?? {} });
    if (pod !== undefined) this.#decide(key);
    for (const ip of lost) this.#publish(ip);
    if (pod === undefined && old !== undefined) for (const direction of directions) this.#release(old.combinations[direction]);
  }

  #namesFor(policy: CompiledPolicy, uses: Map<string, Followed>): SetNames {
    const selectors = new Map<string, PeerSelector>();
    for (const direction of directions)
      for (const rule of policy[direction] ?? [])
        for (const peer of rule.peers ?? []) if (peer.kind === 'pods') selectors.set(peer.selector.id, peer.selector);
    const use = (id: string, type: string, elements: Followed['elements']): string => {
      const known = uses.get(id);
      if (known !== undefined) return known.name;
      const followed = this.#followed.get(id) ?? this.#startFollowing(id, type, elements);
      followed.users++;
      uses.set(id, followed);
      return followed.name;
    };
    return {
      peer: (id, family) =>
        use(`peer ${family} ${id}`, peerType(family), (pod) =>
          selectors.get(id)?.matches(pod, this.#namespaces.get(pod.namespace) ?? {}) ? pod.ips.filter((ip) => familyOf(ip) === family) : [],
        ),
      named: (name, protocol, family) =>
        use(`named ${family} ${protocol} ${name}`, namedType(family), (pod) => namedElements(pod, { name, protocol, family })),
    };
  }

  #startFollowing(id: string, type: string, elements: Followed['elements']): Followed {
    const followed: Followed = { name: `s${this.#nextId++}`, users: 0, elements, members: new Map() };
    this.#followed.set(id, followed);
    this.#table.addSet(followed.name, type);
    for (const pod of this.#pods.values()) this.#follow(followed, pod.key, pod);
    return followed;
  }

  #follow(followed: Followed, key: string, pod: PodView | undefined): void {
    const before = followed.members.get(key) ?? [];
    const after = pod === undefined ? [] : followed.elements(pod);
    if (before.length === 0 && after.length === 0) return;
    for (const element of after) if (!before.includes(element)) this.#table.element(followed.name, element, 1);
    for (const element of before) if (!after.includes(element)) this.#table.element(followed.name, element, -1);
    if (after.length === 0) followed.members.delete(key);
    else followed.members.set(key, after);
  }

  /** Takes a policy's chains away; nothing refers to them any more. */
  #forget({ policy, id, uses }: Entry): void {
    for (const direction of directions)
      if (policy[direction] !== undefined)
        for (const family of this.#families) this.#table.chain(chainName(id, direction, family), undefined);
    for (const followed of uses) {
      if (--followed.users > 0) continue;
      for (const [key, known] of this.#followed) if (known === followed) this.#followed.delete(key);
      this.#table.dropSet(followed.name);
    }
  }

  #decideAll(namespace: string): void {
    for (const [key, { pod }] of this.#locals) if (pod.namespace === namespace) this.#decide(key);
  }

  /** Which policies a local pod has, and so which combination it is sent to. */
  #decide(key: string): void {
    const local = this.#locals.get(key);
    if (local === undefined) return;
    const mine = [...this.#policies.values()].filter(({ policy }) => selectsPod(policy, local.pod));
    const combinations: Partial<Record<Direction, string>> = {};
    for (const direction of directions) {
      const ids = mine.filter(({ policy }) => policy[direction] !== undefined).map(({ id }) => id);
      if (ids.length > 0)
        combinations[direction] = this.#take(
          direction,
          ids.toSorted((a, b) => a - b),
        );
    }
    this.#locals.set(key, { pod: local.pod, combinations });
    for (const ip of local.pod.ips) this.#publish(ip);
    for (const direction of directions) this.#release(local.combinations[direction]);
  }

  #take(direction: Direction, ids: readonly number[]): string {
    const id = `${direction} ${ids.join()}`;
    let combination = this.#combinations.get(id);
    if (combination === undefined) {
      combination = { name: `c${this.#nextId++}`, users: 0 };
      this.#combinations.set(id, combination);
      for (const family of this.#families)
        this.#table.chain(`${combination.name}-${family}`, [...ids.map((one) => `jump ${chainName(one, direction, family)}`), 'drop']);
    }
    combination.users++;
    return id;
  }

  #release(id: string | undefined): void {
    const combination = id === undefined ? undefined : this.#combinations.get(id);
    if (id === undefined || combination === undefined || --combination.users > 0) return;
    this.#combinations.delete(id);
    for (const family of this.#families) this.#table.chain(`${combination.name}-${family}`, undefined);
  }

  /** Writes what is to happen with an address. */
  #publish(ip: string): void {
    const family = familyOf(ip);
    if (!this.#families.includes(family)) return;
    const owner = this.#locals.get(this.#owners.get(ip)?.at(-1) ?? '');
    for (const direction of directions) {
      const combination = this.#combinations.get(owner?.combinations[direction] ?? '');
      this.#table.verdict(verdictMap(direction, family), ip, combination && `goto ${combination.name}-${family}`);
    }
    this.#isolated(ip, family, Object.keys(owner?.combinations ?? {}).length > 0);
  }

  readonly #selves = new Set<string>();
  #isolated(ip: string, family: Family, isolated: boolean): void {
    if (this.#selves.has(ip) === isolated) return;
    if (isolated) this.#selves.add(ip);
    else this.#selves.delete(ip);
    this.#table.element(selfSet(family), `${ip} . ${ip}`, isolated ? 1 : -1);
  }
}

const chainName = (id: number, direction: Direction, family: Family): string => `p${id}-${direction}-${family}`;

function namedElements(pod: PodView, wanted: { name: string; protocol: Protocol; family: Family }): string[] {
  const ports = pod.ports.filter(({ name, protocol }) => name === wanted.name && protocol === wanted.protocol);
  return pod.ips
    .filter((ip) => familyOf(ip) === wanted.family)
    .flatMap((ip) => ports.map(({ port }) => namedElement(ip, wanted.protocol, port)));
}
