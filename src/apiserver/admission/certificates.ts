// Certificates are approved and signed only by those who may act for the signer; nobody asks for the masters' group.
import type { CertificateSigningRequest } from '#api/certificates/v1/certificatesigningrequest.ts';
import { forbidden } from '#api/status.ts';
import { mastersGroup } from '../authn/groups.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';

const group = 'certificates.k8s.io';
const resource = 'certificatesigningrequests';
const isRequest = (row: AdmissionAttributes['row']): boolean => row.group === group && row.resource === resource;
const refuse = (name: string, message: string) => forbidden({ group, resource }, name, message);

/** True when the user may do `verb` for a signer: by its name, or by its domain as `example.com/*`. */
async function mayActFor({ ctx }: AdmissionAttributes, verb: string, signer: string): Promise<boolean> {
  const ask = async (name: string): Promise<boolean> => {
    const asked = {
      user: ctx.user,
      verb,
      isResource: true,
      group,
      version: '*',
      resource: 'signers',
      subresource: '',
      namespace: '',
      name,
      path: '',
    };
    return (await ctx.backend.authorizer.authorize(asked)).decision === 'allow';
  };
  return (await ask(signer)) || ask(`${signer.split('/')[0]}/*`);
}

const requestOf = ({ object }: AdmissionAttributes): CertificateSigningRequest => object as CertificateSigningRequest;

export const certificateApproval: AdmissionPlugin = {
  name: 'CertificateApproval',
  handles: (row, operation, subresource) => isRequest(row) && operation === 'UPDATE' && subresource === 'approval',
  async validate(attributes) {
    const { signerName } = requestOf(attributes).spec;
    if (await mayActFor(attributes, 'approve', signerName)) return;
    throw refuse(attributes.name, `user not permitted to approve requests with signerName ${JSON.stringify(signerName)}`);
  },
};

export const certificateSigning: AdmissionPlugin = {
  name: 'CertificateSigning',
  handles: (row, operation, subresource) => isRequest(row) && operation === 'UPDATE' && subresource === 'status',
  async validate(attributes) {
    const now = requestOf(attributes);
    const before = attributes.oldObject as CertificateSigningRequest;
    const failed = (request: CertificateSigningRequest): boolean =>
      request.status?.conditions?.some(({ type }) => type === 'Failed') === true;
    if (now.status?.certificate === before.status?.certificate && failed(now) === failed(before)) return;
    if (await mayActFor(attributes, 'sign', now.spec.signerName)) return;
    throw refuse(attributes.name, `user not permitted to sign requests with signerName ${JSON.stringify(now.spec.signerName)}`);
  },
};

export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  handles: (row, operation, subresource) => isRequest(row) && operation === 'CREATE' && subresource === '',
  async validate(attributes) {
    const { signerName, request } = requestOf(attributes).spec;
    if (signerName !== 'kubernetes.io/kube-apiserver-client') return;
    const { organizations } = await attributes.ctx.backend.world.pki.parseCsr(Buffer.from(request, 'base64').toString('utf8'));
    if (!organizations.includes(mastersGroup)) return;
    throw refuse(attributes.name, `use of ${signerName} signer with ${mastersGroup} group is not allowed`);
  },
};
