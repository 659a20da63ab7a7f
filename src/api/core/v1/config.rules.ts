// Defaults and validation of ConfigMaps, Secrets and Namespaces.
import { checkFormat } from '#api/checks.ts';
import { forbiddenField, invalid, required, tooLong } from '#api/fielderror.ts';
import { byteLength, configKey, dns1123Label, immutableText, qualifiedName } from '#api/formats.ts';
import { semanticEqual } from '#api/walk/equal.ts';
import { type Errors, type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { ConfigMap } from './configmap.ts';
import { Namespace } from './namespace.ts';
import { Secret } from './secret.ts';

const maxBytes = 1048576;
type Texts = Readonly<Record<string, string>>;

/** Number of bytes that a base64 text stands for. */
function decodedLength(text: string): number {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return (text.length / 4) * 3 - padding;
}

function checkConfigMap(map: ConfigMap, errors: Errors): void {
  let total = 0;
  for (const [key, value] of Object.entries(map.data ?? {})) {
    checkFormat(configKey, key, `data[${key}]`, errors);
    if (map.binaryData?.[key] !== undefined) errors.push(invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    total += byteLength(value);
  }
  for (const [key, value] of Object.entries(map.binaryData ?? {})) {
    checkFormat(configKey, key, `binaryData[${key}]`, errors);
    if (map.data?.[key] !== undefined) errors.push(invalid(`binaryData[${key}]`, key, 'duplicate of key present in data'));
    total += decodedLength(value);
  }
  if (total > maxBytes) errors.push({ ...tooLong('', maxBytes) });
}

function checkFrozen(next: ConfigMap | Secret, previous: ConfigMap | Secret, fields: readonly string[], errors: Errors): void {
  if (!previous.immutable) return;
  if (!next.immutable) errors.push(forbiddenField('immutable', 'field is immutable when `immutable` is set'));
  for (const field of fields) {
    const [now, before] = [next, previous].map((object) => (object as Readonly<Record<string, unknown>>)[field]);
    if (!semanticEqual(now, before)) errors.push(forbiddenField(field, 'field is immutable when `immutable` is set'));
  }
}

const isJson = (base64: string): boolean => {
  try {
    const value: unknown = JSON.parse(Buffer.from(base64, 'base64').toString('utf8'));
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
};

function checkSecretType(secret: Secret, data: Texts, errors: Errors): void {
  const needs = (...keys: readonly string[]): void => {
    for (const key of keys) if (data[key] === undefined) errors.push(required(`data[${key}]`));
  };
  const needsJson = (key: string): void => {
    const value = data[key];
    if (value === undefined) errors.push(required(`data[${key}]`));
    else if (!isJson(value)) errors.push(invalid(`data[${key}]`, '<secret contents redacted>', 'invalid character in JSON'));
  };
  switch (secret.type) {
    case 'kubernetes.io/service-account-token': {
      const at = 'metadata.annotations[kubernetes.io/service-account.name]';
      if (!secret.metadata.annotations?.['kubernetes.io/service-account.name']) errors.push(required(at));
      return;
    }
    case 'kubernetes.io/dockercfg':
      return needsJson('.dockercfg');
    case 'kubernetes.io/dockerconfigjson':
      return needsJson('.dockerconfigjson');
    case 'kubernetes.io/basic-auth':
      if (data['username'] === undefined && data['password'] === undefined) {
        errors.push(required('data[username]'), required('data[password]'));
      }
      return;
    case 'kubernetes.io/ssh-auth':
      if (!data['ssh-privatekey']) errors.push(required('data[ssh-privatekey]'));
      return;
    case 'kubernetes.io/tls':
      return needs('tls.crt', 'tls.key');
    default:
  }
}

export const configRules: readonly TypeRules[] = [
  typeRules<ConfigMap>(ConfigMap, {
    object: checkConfigMap,
    update(next, previous, errors) {
      checkFrozen(next, previous, ['data', 'binaryData'], errors);
    },
  }),
  typeRules<Secret>(Secret, {
    defaults(secret) {
      secret.type ??= 'Opaque';
      if (!secret.stringData) return;
      const data: Record<string, string> = { ...secret.data };
      for (const [key, text] of Object.entries(secret.stringData)) data[key] = Buffer.from(text).toString('base64');
      secret.data = data;
      delete secret.stringData;
    },
    object(secret, errors) {
      const data = secret.data ?? {};
      let total = 0;
      for (const [key, value] of Object.entries(data)) {
        checkFormat(configKey, key, `data[${key}]`, errors);
        total += decodedLength(value);
      }
      if (total > maxBytes) errors.push(tooLong('data', maxBytes));
      checkSecretType(secret, data, errors);
    },
    update(next, previous, errors) {
      if (next.type !== previous.type) errors.push(invalid('type', next.type ?? '', immutableText));
      checkFrozen(next, previous, ['data'], errors);
    },
  }),
  typeRules<Namespace>(Namespace, {
    name: dns1123Label,
    defaults(namespace) {
      if (namespace.metadata.name) {
        namespace.metadata.labels = { ...namespace.metadata.labels, 'kubernetes.io/metadata.name': namespace.metadata.name };
      }
      namespace.status.phase ??= 'Active';
    },
    object(namespace, errors) {
      for (const finalizer of namespace.spec.finalizers ?? []) {
        checkFormat(qualifiedName, finalizer, 'spec.finalizers', errors);
        if (!finalizer.includes('/') && !['kubernetes', 'orphan', 'foregroundDeletion'].includes(finalizer)) {
          const text = 'name is neither a standard finalizer name nor is it fully qualified';
          errors.push(invalid('spec.finalizers', finalizer, text));
        }
      }
    },
    status(next, _previous, errors) {
      const wanted = next.metadata.deletionTimestamp ? 'Terminating' : 'Active';
      if (next.status.phase !== wanted) {
        const when = next.metadata.deletionTimestamp ? 'is not empty' : 'is empty';
        errors.push(invalid('status.Phase', next.status.phase ?? '', `may only be '${wanted}' if \`deletionTimestamp\` ${when}`));
      }
    },
  }),
];
