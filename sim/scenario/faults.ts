// What goes wrong. Every fault ends after a while; what is killed is started again by the cluster.
import { below, pick } from '#base/seeded.ts';
import { Nodes, Pods } from '#api/refs.ts';
import type { Cluster } from '../cluster.ts';
import { fair } from '../host/link.ts';
import { label } from '#agent/sync/labels.ts';

export type Fault = (cluster: Cluster) => void;

const reachable = (cluster: Cluster): string[] => [...cluster.members.keys()].filter((name) => !name.endsWith('/runtime'));
const control = (cluster: Cluster): string[] => reachable(cluster).filter((name) => !name.endsWith('/agent'));

function later(cluster: Cluster, most: number, then: () => void): void {
  cluster.time.after(1_000 + cluster.random.next() ** 2 * most, then);
}

const storm: Fault = (cluster) => {
  const name = pick(cluster.random, reachable(cluster));
  const { random } = cluster;
  cluster.weather(name, {
    delay: pick(random, [50, 500, 5_000]),
    loseRequest: random.next() < 0.5 ? random.next() * 0.2 : 0,
    loseAnswer: random.next() < 0.5 ? random.next() * 0.2 : 0,
    repeat: 0,
  });
  later(cluster, 60_000, () => cluster.weather(name, fair));
};

/** Events come twice, and old ones after new ones. */
const echo: Fault = (cluster) => {
  const name = pick(cluster.random, reachable(cluster));
  cluster.weather(name, { ...fair, repeat: 0.1 + cluster.random.next() * 0.4 });
  later(cluster, 60_000, () => cluster.weather(name, fair));
};

const sever: Fault = (cluster) => {
  const name = pick(cluster.random, reachable(cluster));
  cluster.sever(name);
  // Sometimes long enough that the node is given up and its pods are evicted.
  later(cluster, cluster.random.next() < 0.3 ? 500_000 : 40_000, () => cluster.mend(name));
};

const cut: Fault = (cluster) => cluster.cutWatches(pick(cluster.random, reachable(cluster)));

/** Most deaths fall between two requests of the same piece of work. */
const kill: Fault = (cluster) => {
  const name = pick(cluster.random, cluster.random.next() < 0.7 ? control(cluster) : reachable(cluster));
  cluster.kill(name, below(cluster.random, 12));
};

/** A process that knows nothing of the time that it misses: a manager's machine that hangs, a debugger. */
const freeze: Fault = (cluster) => {
  const name = pick(cluster.random, control(cluster));
  cluster.freeze(name);
  later(cluster, pick(cluster.random, [20_000, 300_000]), () => cluster.wake(name));
};

const crashServer: Fault = (cluster) => cluster.crashServer();

const power: Fault = (cluster) => {
  const one = pick(cluster.random, cluster.machines);
  if (!one.powered) return;
  cluster.powerOff(one);
  const outage = cluster.random.next() < 0.3 ? 500_000 : 60_000;
  // A machine that stays off may be taken out of the cluster; it comes back as a new node.
  if (cluster.random.next() < 0.2) {
    later(cluster, 20_000, () => {
      if (!one.powered)
        void cluster
          .client()
          ?.resource(Nodes)
          .delete(one.name)
          .catch(() => undefined);
    });
  }
  later(cluster, outage, () => cluster.powerOn(one));
};

const container: Fault = (cluster) => {
  const running = cluster.machines.flatMap(({ runtime }) => (runtime?.uses() ?? []).map((use) => ({ runtime, use })));
  if (running.length === 0) return;
  const { runtime, use } = pick(cluster.random, running);
  cluster.say(`fault a container of ${use.labels[label.podName]} dies`);
  runtime?.kill(use.id, 1);
};

const clock: Fault = (cluster) => {
  // Managers judge by the time more than others do.
  const name = pick(cluster.random, [...cluster.managers(), ...control(cluster), 'server']);
  cluster.jumpClock(name, pick(cluster.random, [-600_000, -5_000, 600_000, 3_600_000]));
};

/** A pod is deleted with no grace, as impatient users do; not one whose name will be used again. */
const force: Fault = (cluster) => {
  const pods = cluster.truth.list(Pods).filter(({ metadata }) => metadata.ownerReferences?.[0]?.kind !== 'StatefulSet');
  const client = cluster.client();
  if (pods.length === 0 || client === undefined) return;
  const { name, namespace } = pick(cluster.random, pods).metadata;
  cluster.say(`user deletes ${namespace}/${name} by force`);
  void client
    .resource(Pods)
    .delete(name, { namespace, options: { gracePeriodSeconds: 0 } })
    .catch(() => undefined);
};

/** Faults by name, with how often they are chosen. */
export const faults: Readonly<Record<string, { readonly weight: number; readonly strike: Fault }>> = {
  storm: { weight: 4, strike: storm },
  echo: { weight: 2, strike: echo },
  sever: { weight: 3, strike: sever },
  cut: { weight: 3, strike: cut },
  kill: { weight: 6, strike: kill },
  freeze: { weight: 2, strike: freeze },
  crashServer: { weight: 2, strike: crashServer },
  power: { weight: 2, strike: power },
  container: { weight: 2, strike: container },
  clock: { weight: 1, strike: clock },
  force: { weight: 1, strike: force },
};
