// What a check of the Pod Security Standards is, and the words that all of them share.
import type { Container } from '#api/core/v1/container.ts';
import type { PodSpec } from '#api/core/v1/podspec.ts';
import { goQuote } from '#format/goquote.ts';

/** The pod as checks see it. */
export interface Subject {
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
  /** Init containers, containers, ephemeral containers. */
  readonly containers: readonly Container[];
}

/** Why a pod breaks a check. */
export interface Finding {
  readonly reason: string;
  readonly detail: string;
}

export interface Check {
  readonly id: string;
  /** The check from each minor version of Kubernetes on, the oldest first. */
  readonly versions: readonly {
    readonly from: number;
    readonly run: (subject: Subject) => Finding | undefined;
    readonly overrides?: readonly string[];
  }[];
}

export function subjectOf(annotations: Readonly<Record<string, string>> | undefined, spec: PodSpec): Subject {
  const containers = [...(spec.initContainers ?? []), ...spec.containers, ...((spec.ephemeralContainers ?? []) as unknown as Container[])];
  return { annotations: annotations ?? {}, spec, containers };
}

export const quoted = (values: readonly string[]): string => values.map(goQuote).join(', ');
export const sorted = (values: Iterable<string>): string[] => [...new Set(values)].sort();
export const plural = (one: string, many: string, count: number): string => (count === 1 ? one : many);

/** `container "a"` or `containers "a", "b"`. */
export const containersNamed = (names: readonly string[]): string => `${plural('container', 'containers', names.length)} ${quoted(names)}`;

export const namesOf = (containers: readonly Container[]): string[] => containers.map(({ name }) => name);

/** Who breaks a rule on his own: the pod, containers, or both. */
export function setters(pod: boolean, containers: readonly string[]): string[] {
  return [...(pod ? ['pod'] : []), ...(containers.length > 0 ? [containersNamed(containers)] : [])];
}

/** Pods in a user namespace of their own may do what would be root's elsewhere (KEP-127). */
export const inUserNamespace = ({ spec }: Subject): boolean => spec.hostUsers === false;
export const isWindows = ({ spec }: Subject): boolean => spec.os?.name === 'windows';
