// Files that say who is believed, who decides and what is noted: AuthenticationConfiguration, webhooks, audit policy.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { parsePodSecurity } from '#apiserver/admission/podsecurity/config.ts';
import type { PodSecurityOptions } from '#apiserver/admission/podsecurity/plugin.ts';
import { type Auditor, createAuditor, kubeconfigTarget } from '#apiserver/audit/auditor.ts';
import { type AuthenticationConfig, parseAuthenticationConfig } from '#apiserver/authn/authenticationconfig.ts';
import { type ForeignTokens, issuerTokens } from '#apiserver/authn/oidc.ts';
import { webhookTokens } from '#apiserver/authn/webhook.ts';
import { webhookAuthorizer } from '#apiserver/authz/webhook.ts';
import type { Authorizer } from '#apiserver/chain.ts';
import { parseYaml } from '#format/yaml.ts';
import { UsageError } from './options.ts';

/** Paths of files, by the flags that name them. */
export interface SecurityFlags {
  readonly admissionControlConfigFile?: string;
  readonly authenticationConfig?: string;
  readonly authenticationTokenWebhookConfigFile?: string;
  readonly authorizationWebhookConfigFile?: string;
  readonly auditPolicyFile?: string;
  readonly auditLogPath?: string;
  readonly auditWebhookConfigFile?: string;
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
];

/** What the files add to a server. */
export interface Security {
  readonly auditor: Auditor | undefined;
  readonly tokens: readonly ForeignTokens[];
  readonly authorizers: readonly Authorizer[];
  readonly anonymousPaths: readonly string[] | undefined;
  readonly podSecurity: PodSecurityOptions | undefined;
}

async function named<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const message = messageOf(error);
    throw new UsageError(message.includes(path) ? message : `${path}: ${message}`);
  }
}

/** Reads the files. Throws UsageError that names the one which is wrong. */
export async function loadSecurity(world: World, flags: SecurityFlags, audiences: readonly string[]): Promise<Security> {
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
  };
}

/** Tells mistakes in the files before anything is started. */
export async function checkSecurity(world: World, flags: SecurityFlags): Promise<void> {
  const { auditor } = await loadSecurity(world, flags, []);
  await auditor?.[Symbol.asyncDispose]();
}
