// Makes sure that a container's image is there, by its pull policy, with kubelet's events and reasons.
import { goQuote } from '#format/goquote.ts';
import { messageOf } from '#base/errors.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Secret } from '#api/core/v1/secret.ts';
import { parseReference } from '../images/reference.ts';
import { type ImageAuth, RuntimeError, type RuntimeImage, type SandboxConfig } from '../runtime.ts';
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

/** A duration as Go prints it, to the millisecond. */
export function goDuration(ms: number): string {
  const rounded = Math.round(ms);
  if (rounded < 1000) return `${rounded}ms`;
  const minutes = Math.floor(rounded / 60_000);
  const seconds = (rounded % 60_000) / 1000;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
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

async function pullWith(
  context: AgentContext,
  image: string,
  about: { auths: readonly ImageAuth[]; sandbox: SandboxConfig; signal: AbortSignal },
): Promise<string> {
  const { sandbox, signal } = about;
  if (about.auths.length === 0) return context.runtime.pullImage(image, { sandbox, signal });
  const errors: string[] = [];
  for (const auth of about.auths) {
    try {
      return await context.runtime.pullImage(image, { auth, sandbox, signal });
    } catch (error) {
      if (signal.aborted) throw error;
      errors.push(grpcText(error));
    }
  }
  throw new Error(errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`);
}

/** An image of a container or a volume, as the pod names it. */
export interface WantedImage {
  readonly reference: string;
  readonly pullPolicy?: string;
}

/** Makes the image present; rejects with StartError. */
export async function ensureImage(
  context: AgentContext,
  pod: Pod,
  about: { wanted: WantedImage; fieldPath: string; sandbox: SandboxConfig; signal: AbortSignal },
): Promise<PulledImage> {
  const { runtime, recorder, pulls, world } = context;
  const { wanted, fieldPath } = about;
  const requested = wanted.reference;
  const event = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
    recorder.event(pod, type, reason, message, { fieldPath });
  let image: string;
  try {
    image = withTag(requested);
  } catch (error) {
    event('Warning', 'InspectFailed', messageOf(error));
    throw error;
  }

  let present: RuntimeImage | undefined;
  try {
    present = await runtime.imageStatus(image);
  } catch (error) {
    const message = `Failed to inspect image ${goQuote(image)}: ${grpcText(error)}`;
    event('Warning', 'InspectFailed', message);
    throw new StartError('ImageInspectError', message, { cause: error });
  }
  const policy = wanted.pullPolicy ?? (image.endsWith(':latest') ? 'Always' : 'IfNotPresent');
  if (present && policy !== 'Always') {
    event('Normal', 'Pulled', `Container image ${goQuote(requested)} already present on machine and can be accessed by the pod`);
    return { ref: present.id || image, image: present };
  }
  if (policy === 'Never') {
    const message = `Container image ${goQuote(requested)} is not present with pull policy of Never`;
    event('Warning', 'ErrImageNeverPull', message);
    throw new StartError('ErrImageNeverPull', message);
  }

  const key = `${uidOf(pod)}_${image}`;
  const wait = pulls.remainingSinceUpdate(key, world.clock.now());
  if (wait > 0) {
    const message = `Back-off pulling image ${goQuote(requested)}`;
    event('Normal', 'BackOff', message);
    const cause = pullErrors.get(pulls)?.get(key);
    throw new StartError('ImagePullBackOff', cause ? `${message}: ErrImagePull: ${cause}` : message);
  }

  event('Normal', 'Pulling', `Pulling image ${goQuote(requested)}`);
  const began = world.clock.monotonic();
  try {
    const auths = await context.credentials(image, await pullSecrets(context, pod), pod);
    const ref = await pullWith(context, image, { auths, sandbox: about.sandbox, signal: about.signal });
    const pulled = await runtime.imageStatus(image);
    const took = goDuration(world.clock.monotonic() - began);
    const size = pulled?.size ?? 0;
    event(
      'Normal',
      'Pulled',
      `Successfully pulled image ${goQuote(requested)} in ${took} (${took} including waiting). Image size: ${size} bytes.`,
    );
    pulls.forget(key);
    return { ref: pulled?.id || ref, image: pulled };
  } catch (error) {
    if (about.signal.aborted) throw error;
    const text = grpcText(error);
    event('Warning', 'Failed', `Failed to pull image ${goQuote(requested)}: ${text}`);
    const now = world.clock.now();
    pulls.next(key, now, now);
    noteError(context, key, text);
    throw new StartError('ErrImagePull', text, { cause: error });
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
