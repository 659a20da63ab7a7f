// Of several controller managers one works.
import { Leases } from '#api/refs.ts';
import type { Cluster } from '../cluster.ts';

/** Nobody sends a write while another one holds the lease. */
export function oneLeader(cluster: Cluster): void {
  cluster.onIssued.add((process, user, request) => {
    if (!process.startsWith('manager-') || request.method === 'GET' || !user.startsWith('system:serviceaccount:')) return;
    // Who was stopped finds out in a moment that it leads no more; what it had begun goes on until then.
    if (cluster.isWaking(process, 1_000)) return;
    const lease = cluster.truth.get(Leases, 'kube-controller-manager', 'kube-system');
    const holder = lease?.spec.holderIdentity ?? '';
    if (holder !== '' && !holder.startsWith(`${process}_`))
      cluster.violated('one leader', `${process} sends ${request.method} ${request.path} while ${holder} leads`);
  });
}
