// The status of ValidatingAdmissionPolicies: what type checking says, and of which generation it speaks.
import type { ValidatingAdmissionPolicy } from '#api/admissionregistration/v1/validatingadmissionpolicy.ts';
import { ValidatingAdmissionPolicies } from '#api/refs.ts';
import { isConflict, isNotFound } from '#api/status.ts';
import { messageOf } from '#base/errors.ts';
import { createClient } from '#client/create.ts';
import type { UserInfo } from '#client/transport.ts';
import type { Backend } from '../../chain.ts';

const stale = ({ metadata, status }: ValidatingAdmissionPolicy): boolean => status.observedGeneration !== metadata.generation;

/** Checks policies whenever they are written, and those that are there already. The returned function stops it. */
export function startPolicyStatus(backend: Backend, user: UserInfo): () => void {
  const waiting = new Map<string, ValidatingAdmissionPolicy>();
  let working = false;
  let stopped = false;

  const work = async (): Promise<void> => {
    working = true;
    for (const [name, policy] of waiting) {
      waiting.delete(name);
      if (stopped) break;
      try {
        await write(backend, user, policy);
      } catch (error) {
        // Whoever wrote or deleted it meanwhile makes us look again.
        if (!stopped && !isConflict(error) && !isNotFound(error)) {
          backend.world.log.warn('type checking of a policy failed', { policy: name, error: messageOf(error) });
        }
      }
    }
    working = false;
  };
  const look = (policy: ValidatingAdmissionPolicy): void => {
    if (stopped || !stale(policy)) return;
    waiting.set(policy.metadata.name, policy);
    if (!working) void work();
  };

  const unsubscribe = backend.onChange(ValidatingAdmissionPolicies, (object, type) => {
    if (type !== 'DELETED') look(object as ValidatingAdmissionPolicy);
  });
  for (const policy of backend.list(ValidatingAdmissionPolicies)) look(policy);
  return () => {
    stopped = true;
    unsubscribe();
  };
}

async function write(backend: Backend, user: UserInfo, policy: ValidatingAdmissionPolicy): Promise<void> {
  const { typeCheck } = await import('./typecheck.ts');
  const warnings = typeCheck(policy, backend.rows());
  const { generation } = policy.metadata;
  await createClient(backend.transport(user))
    .resource(ValidatingAdmissionPolicies)
    .updateStatus({
      ...policy,
      status: {
        ...policy.status,
        ...(generation === undefined ? {} : { observedGeneration: generation }),
        typeChecking: warnings.length > 0 ? { expressionWarnings: warnings } : {},
      },
    });
}
