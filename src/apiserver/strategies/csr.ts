// CertificateSigningRequests: who asks is recorded; approval and signing are separate subresources.
import type { CertificateSigningRequest } from '#api/certificates/v1/certificatesigningrequest.ts';
import type { KubeObject } from '#api/object.ts';
import type { Strategy } from '../registry/strategy.ts';

type Condition = NonNullable<NonNullable<CertificateSigningRequest['status']>['conditions']>[number];

function stamped(
  conditions: readonly Condition[] | undefined,
  before: readonly Condition[] | undefined,
  now: string,
): Condition[] | undefined {
  return conditions?.map((condition) => {
    const old = before?.find((candidate) => candidate.type === condition.type);
    return {
      ...condition,
      lastUpdateTime: condition.lastUpdateTime ?? now,
      lastTransitionTime: condition.lastTransitionTime ?? (old?.status === condition.status ? (old.lastTransitionTime ?? now) : now),
    };
  });
}

export const csrStrategy: Strategy = {
  prepareCreate(object, write) {
    const request = object as CertificateSigningRequest;
    const { user } = write.ctx;
    const { username: _, uid: __, groups: ___, extra: ____, ...spec } = request.spec;
    return {
      ...request,
      spec: {
        ...spec,
        username: user.name,
        ...(user.uid ? { uid: user.uid } : {}),
        ...(user.groups.length > 0 ? { groups: user.groups } : {}),
        ...(user.extra ? { extra: user.extra } : {}),
      },
      status: {},
    } as KubeObject;
  },
  prepareUpdate: (object, old) => ({ ...object, spec: (old as CertificateSigningRequest).spec }) as KubeObject,
  // Approval is not the signer's to change: conditions Approved and Denied stay as they are.
  prepareStatus(object, old, write) {
    const request = object as CertificateSigningRequest;
    const before = (old as CertificateSigningRequest).status?.conditions;
    const approval = (condition: Condition) => condition.type === 'Approved' || condition.type === 'Denied';
    const kept = (before ?? []).filter(approval);
    const known = (condition: Condition) => kept.find(({ type }) => type === condition.type);
    // In their places, where the client named them.
    const named = (request.status?.conditions ?? []).flatMap((condition) => (approval(condition) ? (known(condition) ?? []) : condition));
    const conditions = stamped([...named, ...kept.filter((condition) => !named.includes(condition))], before, write.now);
    return { ...request, status: { ...request.status, ...(conditions?.length ? { conditions } : {}) } } as KubeObject;
  },
  parts: {
    approval: {
      merge(object, old, write) {
        const before = old as CertificateSigningRequest;
        const wanted = (object as CertificateSigningRequest).status?.conditions;
        const conditions = stamped(wanted, before.status?.conditions, write.now);
        return { ...before, metadata: object.metadata, status: { ...before.status, ...(conditions ? { conditions } : {}) } } as KubeObject;
      },
    },
  },
};
