// Makes sure that a container's image is there and that the pod may use it, with kubelet's events and reasons.
import { formatDuration } from '#format/duration.ts';
import { goQuote } from '#format/goquote.ts';
import { lazy } from '#base/lazy.ts';
import { messageOf } from '#base/errors.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Secret } from '#api/core/v1/secret.ts';
import { parseReference } from '../images/reference.ts';
import type { TrackedAuth } from '../parts.ts';
import type { PodCredentials } from '../pulls/decision.ts';
import type { ImageRequest } from '../pulls/puller.ts';
import type { PullCredentials } from '../pulls/records.ts';
import { RuntimeError, type RuntimeImage, type SandboxConfig } from '../runtime.ts';
import { type AgentContext, StartError } from './context.ts';
import { uidOf } from './spec.ts';

export interface PulledImage {
  /** What to create the container from. */
  readonly ref: string;
  readonly image: RuntimeImage | undefined;
}

/** A runtime error as Go's gRPC prints it. */
export function grpcText(error: unknown): string {
  if (!(error instanceof RuntimeError)) return messageOf(error);
  const code = error.code[0]?.toUpperCase() + error.code.slice(1);
  return `rpc error: code = ${code} desc = ${error.message}`;
}

/** The image with `:latest` when it names neither tag nor digest. */
function withTag(image: string): string {
  const reference = parseReference(image);
  if (!reference) {
    const message = `Failed to apply default image tag ${goQuote(image)}: couldn't parse image name ${goQuote(image)}: invalid reference format`;
    throw new StartError('InvalidImageName', message);
  }
  return reference.tag === undefined && reference.digest === undefined ? `${image}:latest` : image;
}

/** The pull policy where the pod names none. */
function usualPolicy(image: string): string {
  const { tag = 'latest', digest } = parseReference(image) ?? {};
  return tag === 'latest' && digest === undefined ? 'Always' : 'IfNotPresent';
}

async function pullSecrets(context: AgentContext, pod: Pod): Promise<Secret[]> {
  const secrets: Secret[] = [];
  for (const { name } of pod.spec.imagePullSecrets ?? []) {
    if (!name) continue;
    try {
      secrets.push(await context.objects.secret(pod.metadata.namespace ?? '', name));
    } catch {
      const message = `Unable to retrieve some image pull secrets (${name}); attempting to pull the image may not succeed.`;
      context.recorder.event(pod, 'Warning', 'FailedToRetrieveImagePullSecret', message);
    }
  }
  return secrets;
}

/** What a failed pull says: the runtime's words, with their code where it tells something. */
const pullText = (error: unknown): string => (error instanceof RuntimeError && error.code === 'unknown' ? error.message : grpcText(error));

/** Tries one credential after the other; resolves with the image's reference and what has pulled it. */
async function pullWith(
  context: AgentContext,
  image: string,
  about: { auths: readonly TrackedAuth[]; sandbox: SandboxConfig; signal: AbortSignal },
): Promise<{ readonly ref: string; readonly by: PullCredentials }> {
  const { sandbox, signal } = about;
  const open = { nodePodsAccessible: true };
  if (about.auths.length === 0) return { ref: await context.runtime.pullImage(image, { sandbox, signal }), by: open };
  const errors = new Set<string>();
  for (const { auth, source } of about.auths) {
    try {
      return { ref: await context.runtime.pullImage(image, { auth, sandbox, signal }), by: source ?? open };
    } catch (error) {
      if (signal.aborted) throw error;
      errors.add(pullText(error));
    }
  }
  throw new Error(errors.size === 1 ? [...errors][0] : `[${[...errors].join(', ')}]`);
}

/** The credentials that belong to the pod, not to the node. */
function ofPod(auths: readonly TrackedAuth[]): PodCredentials {
  const serviceAccount = auths.flatMap(({ source }) => source?.kubernetesServiceAccounts ?? [])[0];
  return { secrets: auths.flatMap(({ source }) => source?.kubernetesSecrets ?? []), ...(serviceAccount ? { serviceAccount } : {}) };
}

/** Reason and message of a container whose image could not be pulled. */
function refusal(requested: string, text: string): StartError {
  for (const [reason, what] of [
    ['RegistryUnavailable', 'the registry is unavailable'],
    ['SignatureValidationFailed', 'the signature validation failed'],
  ] as const) {
    if (text.startsWith(reason))
      return new StartError(reason, `image pull failed for ${requested} because ${what}${text.slice(reason.length)}`);
  }
  return new StartError('ErrImagePull', text);
}

/** An image of a container or a volume, as the pod names it. */
export interface WantedImage {
  readonly reference: string;
  readonly pullPolicy?: string;
}

interface About {
  readonly wanted: WantedImage;
  readonly fieldPath: string;
  readonly sandbox: SandboxConfig;
  readonly signal: AbortSignal;
}

type Tell = (type: 'Normal' | 'Warning', reason: string, message: string) => void;

/** Makes the image present; rejects with StartError. */
export async function ensureImage(context: AgentContext, pod: Pod, about: About): Promise<PulledImage> {
  const requested = about.wanted.reference;
  const tell: Tell = (type, reason, message) => context.recorder.event(pod, type, reason, message, { fieldPath: about.fieldPath });
  const policy = about.wanted.pullPolicy ?? usualPolicy(requested);
  const request: { -readonly [K in keyof ImageRequest]: ImageRequest[K] } = {
    pull_policy: policy.toLowerCase(),
    present_locally: 'unknown',
    pull_required: 'unknown',
  };
  try {
    const image = taggedImage(requested, tell);
    const auths = lazy(async () => context.credentials(image, await pullSecrets(context, pod), pod));
    if (policy !== 'Always') {
      const present = await inspect(context, image, tell);
      request.present_locally = present ? 'true' : 'false';
      request.pull_required = 'false';
      if (present && !(await context.imageRecords?.mustPull(requested, present.id, async () => ofPod(await auths())))) {
        const accessible = context.imageRecords ? ' and can be accessed by the pod' : '';
        tell('Normal', 'Pulled', `Container image ${goQuote(requested)} already present on machine${accessible}`);
        return { ref: present.id || image, image: present };
      }
      if (present) request.pull_required = 'true';
    }
    if (policy === 'Never') {
      // That it is there is nothing to be told to whoever may not use it.
      const message = `Container image ${goQuote(requested)} is not present with pull policy of Never`;
      tell('Warning', 'ErrImageNeverPull', message);
      throw new StartError('ErrImageNeverPull', message);
    }
    request.pull_required = 'true';
    return await pull(context, pod, { ...about, image, tell, auths });
  } finally {
    context.puller.count(request);
  }
}

function taggedImage(requested: string, tell: Tell): string {
  try {
    return withTag(requested);
  } catch (error) {
    tell('Warning', 'InspectFailed', messageOf(error));
    throw error;
  }
}

async function inspect(context: AgentContext, image: string, tell: Tell): Promise<RuntimeImage | undefined> {
  try {
    return await context.runtime.imageStatus(image);
  } catch (error) {
    const message = `Failed to inspect image ${goQuote(image)}: ${grpcText(error)}`;
    tell('Warning', 'InspectFailed', message);
    throw new StartError('ImageInspectError', message, { cause: error });
  }
}

async function pull(
  context: AgentContext,
  pod: Pod,
  about: About & { readonly image: string; readonly tell: Tell; readonly auths: () => Promise<readonly TrackedAuth[]> },
): Promise<PulledImage> {
  const { runtime, pulls, imageRecords, world } = context;
  const { image, tell, sandbox, signal } = about;
  const requested = about.wanted.reference;
  const key = `${uidOf(pod)}_${image}`;
  if (pulls.remainingSinceUpdate(key, world.clock.now()) > 0) {
    const message = `Back-off pulling image ${goQuote(requested)}`;
    tell('Normal', 'BackOff', message);
    const cause = pullErrors.get(pulls)?.get(key);
    throw new StartError('ImagePullBackOff', cause ? `${message}: ${cause}` : message);
  }
  await imageRecords?.begins(requested).catch((error: unknown) => {
    const message = `Failed to record image pull intent for container image ${goQuote(requested)}: ${messageOf(error)}`;
    throw new StartError('ErrImagePull', message, { cause: error });
  });
  tell('Normal', 'Pulling', `Pulling image ${goQuote(requested)}`);
  const began = world.clock.monotonic();
  let done: { readonly ref: string; readonly by: PullCredentials } | undefined;
  try {
    const auths = await about.auths();
    const { value, took } = await context.puller.run(() => pullWith(context, image, { auths, sandbox, signal }), signal);
    const found = await runtime.imageStatus(image);
    done = { ref: found?.id || value.ref, by: value.by };
    const waited = world.clock.monotonic() - began;
    const [alone, whole] = [took, waited].map((ms) => formatDuration(Math.trunc(ms)));
    context.puller.took(found?.size ?? 0, waited);
    tell(
      'Normal',
      'Pulled',
      `Successfully pulled image ${goQuote(requested)} in ${alone} (${whole} including waiting). Image size: ${found?.size ?? 0} bytes.`,
    );
    pulls.forget(key);
    return { ref: done.ref, image: found };
  } catch (error) {
    if (signal.aborted) throw error;
    const text = pullText(error);
    tell('Warning', 'Failed', `Failed to pull image ${goQuote(requested)}: ${text}`);
    const now = world.clock.now();
    pulls.next(key, now, now);
    const refused = refusal(requested, text);
    noteError(context, key, `${refused.reason}: ${refused.message}`);
    throw refused;
  } finally {
    await (done ? imageRecords?.pulled(requested, done.ref, done.by) : imageRecords?.failed(requested));
  }
}

/** The last error of each pull that is held back, told with the back-off. */
const pullErrors = new WeakMap<object, Map<string, string>>();

function noteError(context: AgentContext, key: string, text: string): void {
  let errors = pullErrors.get(context.pulls);
  if (!errors) {
    errors = new Map();
    pullErrors.set(context.pulls, errors);
  }
  errors.set(key, text);
  if (errors.size > 1000) errors.delete(errors.keys().next().value ?? '');
}
