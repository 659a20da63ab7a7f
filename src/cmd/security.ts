// Files that say who is believed, who decides and what is noted: AuthenticationConfiguration, webhooks, audit policy.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { parsePodSecurity } from '#apiserver/admission/podsecurity/config.ts';
import type { PodSecurityOptions } from '#apiserver/admission/podsecurity/plugin.ts';
import { type Auditor, createAuditor, kubeconfigTarget } from '#apiserver/audit/auditor.ts';
import { type AuthenticationConfig, parseAuthenticationConfig } from '#apiserver/authn/authenticationconfig.ts';
import { type ForeignTokens, issuerTokens } from '#apiserver/authn/oidc.ts';
import type { RequestHeaders } from '#apiserver/authn/requestheader.ts';
import { webhookTokens } from '#apiserver/authn/webhook.ts';
import { webhookAuthorizer } from '#apiserver/authz/webhook.ts';
import type { Authorizer } from '#apiserver/chain.ts';
import { parseYaml } from '#format/yaml.ts';
import { UsageError } from './usage.ts';

/** Paths of files, by the flags that name them. */
export interface SecurityFlags {
  readonly admissionControlConfigFile?: string;
  readonly authenticationConfig?: string;
  readonly authenticationTokenWebhookConfigFile?: string;
  readonly authorizationWebhookConfigFile?: string;
  readonly auditPolicyFile?: string;
  readonly auditLogPath?: string;
  readonly auditWebhookConfigFile?: string;
  readonly requestheaderClientCaFile?: string;
}

/** What goes with the authority of front proxies: lists, their items apart by commas. */
export interface RequestHeaderFlags {
  readonly requestheaderAllowedNames?: string;
  readonly requestheaderUsernameHeaders?: string;
  readonly requestheaderUidHeaders?: string;
  readonly requestheaderGroupHeaders?: string;
  readonly requestheaderExtraHeadersPrefix?: string;
}

/** The flags that name files. */
export const securityFlags: readonly (keyof SecurityFlags)[] = [
  'admissionControlConfigFile',
  'authenticationConfig',
  'authenticationTokenWebhookConfigFile',
  'authorizationWebhookConfigFile',
  'auditPolicyFile',
  'auditLogPath',
  'auditWebhookConfigFile',
  'requestheaderClientCaFile',
];

/** What the files add to a server. */
export interface Security {
  readonly auditor: Auditor | undefined;
  readonly tokens: readonly ForeignTokens[];
  readonly authorizers: readonly Authorizer[];
  readonly anonymousPaths: readonly string[] | undefined;
  readonly podSecurity: PodSecurityOptions | undefined;
  /** Undefined: the cluster's own front proxy. */
  readonly requestHeaders: RequestHeaders | undefined;
}

async function named<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const message = messageOf(error);
    throw new UsageError(message.includes(path) ? message : `${path}: ${message}`);
  }
}

const items = (text: string | undefined): string[] | undefined => text?.split(',').map((item) => item.trim());

/** As in Kubernetes, an authority is of no use without the header in which a user is named. */
async function requestHeadersOf(world: World, flags: SecurityFlags & RequestHeaderFlags): Promise<RequestHeaders | undefined> {
  const file = flags.requestheaderClientCaFile;
  if (!file) return undefined;
  const user = items(flags.requestheaderUsernameHeaders);
  if (!user) throw new UsageError('--requestheader-client-ca-file needs --requestheader-username-headers');
  const ca = await world.fs.readText(file);
  if (!ca.includes('-----BEGIN CERTIFICATE-----')) throw new Error('holds no certificate');
  return {
    ca,
    names: items(flags.requestheaderAllowedNames) ?? [],
    user,
    uid: items(flags.requestheaderUidHeaders) ?? [],
    group: items(flags.requestheaderGroupHeaders) ?? [],
    extra: items(flags.requestheaderExtraHeadersPrefix) ?? [],
  };
}

/** Reads the files. Throws UsageError that names the one which is wrong. */
export async function loadSecurity(
  world: World,
  flags: SecurityFlags & RequestHeaderFlags,
  audiences: readonly string[],
): Promise<Security> {
  const { authenticationConfig, authenticationTokenWebhookConfigFile, authorizationWebhookConfigFile } = flags;
  const { admissionControlConfigFile, auditPolicyFile, auditLogPath, auditWebhookConfigFile } = flags;
  if (!auditPolicyFile && (auditLogPath || auditWebhookConfigFile)) throw new UsageError('an audit log needs --audit-policy-file');
  let config: AuthenticationConfig = { issuers: [], anonymousPaths: undefined };
  if (authenticationConfig) {
    config = await named(authenticationConfig, async () =>
      parseAuthenticationConfig(parseYaml(await world.fs.readText(authenticationConfig))),
    );
  }
  const target = (path: string) => named(path, () => kubeconfigTarget(world, path));
  return {
    auditor: auditPolicyFile
      ? await named(auditPolicyFile, () =>
          createAuditor(world, {
            policyFile: auditPolicyFile,
            ...(auditLogPath ? { logPath: auditLogPath } : {}),
            ...(auditWebhookConfigFile ? { webhookConfig: auditWebhookConfigFile } : {}),
          }),
        )
      : undefined,
    tokens: [
      ...(config.issuers.length > 0 ? [issuerTokens(world, config.issuers, audiences)] : []),
      ...(authenticationTokenWebhookConfigFile
        ? [webhookTokens(world, await target(authenticationTokenWebhookConfigFile), audiences)]
        : []),
    ],
    authorizers: authorizationWebhookConfigFile ? [webhookAuthorizer(world, await target(authorizationWebhookConfigFile))] : [],
    anonymousPaths: config.anonymousPaths,
    podSecurity: admissionControlConfigFile
      ? await named(admissionControlConfigFile, async () =>
          parsePodSecurity(parseYaml(await world.fs.readText(admissionControlConfigFile))),
        )
      : undefined,
    requestHeaders: await named(flags.requestheaderClientCaFile ?? '', () => requestHeadersOf(world, flags)),
  };
}

/** Tells mistakes in the files before anything is started. */
export async function checkSecurity(world: World, flags: SecurityFlags & RequestHeaderFlags): Promise<void> {
  const { auditor } = await loadSecurity(world, flags, []);
  await auditor?.[Symbol.asyncDispose]();
}
