// How tasks end, from containerd's own event stream: CRI's GetContainerEvents is missing in older versions and slower in newer
// ones. Of their beginning we hear by the answers to our calls.
import type { GrpcChannel } from '#base/grpc.ts';
import { criNamespace, messages } from '../containerd/messages.ts';
import type { RuntimeEvent } from '../runtime.ts';
import { runtimeError } from './call.ts';

interface Timestamp {
  readonly seconds: number;
  readonly nanos: number;
}
interface Envelope {
  readonly timestamp?: Timestamp;
  readonly topic: string;
  readonly event?: { readonly value: Uint8Array };
}
interface TaskEvent {
  readonly containerId: string;
  readonly id?: string;
  readonly exitStatus?: number;
  readonly exitedAt?: Timestamp;
}

const millis = (time: Timestamp | undefined): number => (time ? time.seconds * 1000 + time.nanos / 1e6 : 0);

const topics = {
  '/tasks/exit': ['stopped', messages.TaskExit],
  '/tasks/delete': ['deleted', messages.TaskDelete],
} as const;

/** The event that an envelope's bytes carry; undefined for those of no interest (the end of an exec'd command). */
export function decodeEvent(bytes: Uint8Array): RuntimeEvent | undefined {
  const envelope = messages.Envelope.decode(bytes) as unknown as Envelope;
  if (!Object.hasOwn(topics, envelope.topic) || !envelope.event) return undefined;
  const [type, codec] = topics[envelope.topic as keyof typeof topics];
  const task = codec.decode(envelope.event.value) as unknown as TaskEvent;
  // A command that was exec'd exits under its own id, inside the container's.
  if (task.id !== undefined && task.id !== '' && task.id !== task.containerId) return undefined;
  const event = { type, id: task.containerId, at: millis(task.exitedAt ?? envelope.timestamp) };
  return type === 'stopped' ? { ...event, exitCode: task.exitStatus ?? 0 } : event;
}

/** The event part of a runtime. */
export async function* taskEvents(channel: GrpcChannel, signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
  const request = messages.SubscribeRequest.encode({ filters: ['topic~="^/tasks/(exit|delete)$"'] });
  try {
    const stream = channel.serverStream('/containerd.services.events.v1.Events/Subscribe', request, { metadata: criNamespace, signal });
    for await (const bytes of stream) {
      const event = decodeEvent(bytes);
      if (event) yield event;
    }
  } catch (error) {
    if (!signal.aborted) throw runtimeError(error);
  }
}
