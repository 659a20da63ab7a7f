// What the server asks the cluster's own API server: whom to believe, and who may do what.
import { readFileSync } from 'node:fs';
import { request } from 'node:https';

const account = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Sends JSON with the pod's token; fails when the answer is no success. */
// oxlint-disable-next-line typescript/no-explicit-any -- callers know what they ask for
function ask(method: string, path: string, body?: object): Promise<any> {
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: process.env['KUBERNETES_SERVICE_HOST'],
        port: process.env['KUBERNETES_SERVICE_PORT'],
        method,
        path,
        ca: readFileSync(`${account}/ca.crt`),
        headers: { authorization: `Bearer ${readFileSync(`${account}/token`, 'utf8')}`, 'content-type': 'application/json' },
      },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('end', () => {
          const text = Buffer.concat(parts).toString();
          if ((answer.statusCode ?? 500) < 300) resolve(JSON.parse(text));
          else reject(new Error(`${method} ${path}: ${answer.statusCode} ${text}`));
        });
      },
    );
    call.on('error', reject);
    call.end(body && JSON.stringify(body));
  });
}

/** The front proxy: its authority, its names, and the headers in which it tells who asks. */
export interface FrontProxy {
  readonly ca: string;
  readonly names: readonly string[];
  readonly user: string;
  readonly group: string;
  readonly extra: string;
}

export async function frontProxy(): Promise<FrontProxy> {
  const { data } = await ask('GET', '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication');
  const first = (key: string): string => String((JSON.parse(data[key]) as string[])[0]).toLowerCase();
  return {
    ca: data['requestheader-client-ca-file'],
    names: JSON.parse(data['requestheader-allowed-names']),
    user: first('requestheader-username-headers'),
    group: first('requestheader-group-headers'),
    extra: first('requestheader-extra-headers-prefix'),
  };
}

export interface Asking {
  readonly user: string;
  readonly groups: readonly string[];
}

/** Whether the cluster lets somebody do something. */
export async function allowed({ user, groups }: Asking, attributes: object): Promise<boolean> {
  const spec = { user, groups, ...attributes };
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
  return (await ask('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', review))['status'].allowed === true;
}
