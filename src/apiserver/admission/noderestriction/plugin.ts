// NodeRestriction: an agent that was taken over can harm only its own node and what runs there.
import type { CertificateSigningRequest } from '#api/certificates/v1/certificatesigningrequest.ts';
import type { Node } from '#api/core/v1/node.ts';
import type { ResourceSlice } from '#api/resource/v1/resourceslice.ts';
import { forbidden } from '#api/status.ts';
import { messageOf } from '#base/errors.ts';
import { semanticEqual } from '#api/walk/equal.ts';
import { nodeOf } from '../../authz/node.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../plugin.ts';
import { changedLabels, nodeMaySet } from './labels.ts';
import { podProblem, tokenProblem } from './pods.ts';

const q = JSON.stringify;
type Problem = string | undefined;

function nodeProblem({ operation, name, object, oldObject }: AdmissionAttributes, node: string): Problem {
  const target = operation === 'CREATE' ? (object?.metadata.name ?? name) : name;
  if (target !== node) return `node ${q(node)} is not allowed to modify node ${q(target)}`;
  if (operation === 'DELETE') return undefined;
  const next = object as Node;
  if (operation === 'CREATE') {
    const forbiddenLabels = Object.keys(next.metadata.labels ?? {})
      .filter((label) => !nodeMaySet(label))
      .sort();
    if (forbiddenLabels.length > 0) return `node ${q(node)} is not allowed to set the following labels: ${forbiddenLabels.join(', ')}`;
    return next.metadata.ownerReferences?.length ? `node ${q(node)} is not allowed to set ownerReferences` : undefined;
  }
  const old = oldObject as Node;
  if (!semanticEqual(next.spec.taints ?? [], old.spec.taints ?? [])) return `node ${q(node)} is not allowed to modify taints`;
  const labels = changedLabels(next.metadata.labels, old.metadata.labels).filter((label) => !nodeMaySet(label));
  if (labels.length > 0) return `node ${q(node)} is not allowed to modify labels: ${labels.join(', ')}`;
  if (!semanticEqual(next.metadata.ownerReferences ?? [], old.metadata.ownerReferences ?? [])) {
    return `node ${q(node)} is not allowed to modify ownerReferences`;
  }
  return undefined;
}

function leaseProblem({ namespace, name, object }: AdmissionAttributes, node: string): Problem {
  if (namespace !== 'kube-node-lease') return 'can only access leases in the "kube-node-lease" system namespace';
  return (object?.metadata.name ?? name) === node ? undefined : 'can only access node lease with the same name as the requesting node';
}

function csiNodeProblem({ name, object }: AdmissionAttributes, node: string): Problem {
  return (object?.metadata.name ?? name) === node ? undefined : 'can only access CSINode with the same name as the requesting node';
}

function sliceProblem({ object, oldObject }: AdmissionAttributes, node: string): Problem {
  const slice = (object ?? oldObject) as ResourceSlice | undefined;
  return slice === undefined || slice.spec.nodeName === node
    ? undefined
    : 'can only access ResourceSlice with the same NodeName as the requesting node';
}

const nodeSigners = new Set(['kubernetes.io/kube-apiserver-client-kubelet', 'kubernetes.io/kubelet-serving']);

async function csrProblem({ object, ctx }: AdmissionAttributes, node: string): Promise<Problem> {
  const { signerName, request } = (object as CertificateSigningRequest).spec;
  if (!nodeSigners.has(signerName)) return undefined;
  let commonName: string;
  try {
    ({ commonName } = await ctx.backend.world.pki.parseCsr(Buffer.from(request, 'base64').toString('utf8')));
  } catch (error) {
    return `unable to parse csr: ${messageOf(error)}`;
  }
  return commonName === `system:node:${node}` ? undefined : `can only create a node CSR with CN=system:node:${node}`;
}

type Judge = (attributes: AdmissionAttributes, node: string) => Problem | Promise<Problem>;
const judges: Readonly<Record<string, Judge>> = {
  '/pods': podProblem,
  '/nodes': nodeProblem,
  '/serviceaccounts': (attributes, node) => (attributes.subresource === 'token' ? tokenProblem(attributes, node) : undefined),
  'coordination.k8s.io/leases': leaseProblem,
  'storage.k8s.io/csinodes': csiNodeProblem,
  'resource.k8s.io/resourceslices': sliceProblem,
  'certificates.k8s.io/certificatesigningrequests': (attributes, node) =>
    attributes.operation === 'CREATE' ? csrProblem(attributes, node) : undefined,
};

export const nodeRestriction: AdmissionPlugin = {
  name: 'NodeRestriction',
  handles: (row, operation) => operation !== 'CONNECT' && judges[`${row.group}/${row.resource}`] !== undefined,
  // In the mutating phase, as in Kubernetes: nothing of a refused request is shown to webhooks.
  admit(attributes) {
    const { ctx, row, name } = attributes;
    const isNode = ctx.user.name.startsWith('system:node:') || ctx.user.groups.includes('system:nodes');
    if (!isNode) return undefined;
    const refuse = (problem: string): never => {
      throw forbidden({ group: row.group, resource: row.resource }, name, problem);
    };
    const node = nodeOf(ctx.user);
    if (node === undefined) {
      if (!ctx.user.groups.includes('system:nodes')) return undefined;
      return refuse(`could not determine node from user ${q(ctx.user.name)}`);
    }
    const problem = judges[`${row.group}/${row.resource}`]?.(attributes, node);
    if (problem instanceof Promise) return problem.then((found) => (found === undefined ? undefined : refuse(found)));
    return problem === undefined ? undefined : refuse(problem);
  },
};
