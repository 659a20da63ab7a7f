// The shapes of greetings.
import type { KubernetesObject, V1ObjectMeta } from '@kubernetes/client-node';

export const group = 'greetings.example.com';
export const plural = 'greetings';
export const kind = 'Greeting';
export const stored = 'v1';
export const finalizer = `${group}/page`;
/** Where the operator lives. */
export const home = 'greetings-system';

export interface Greeting extends KubernetesObject {
  readonly metadata: V1ObjectMeta;
  readonly spec: { readonly lines: readonly string[]; readonly loud?: boolean };
  readonly status?: { readonly page?: string; readonly observedGeneration?: number };
}

/** The older version: one text, lines separated by `|`. */
export interface AlphaGreeting extends KubernetesObject {
  readonly metadata: V1ObjectMeta;
  readonly spec: { readonly message: string; readonly loud?: boolean };
  readonly status?: Greeting['status'];
}
