// Every description that we have, by short type name.
import { autoscalingWords } from './autoscaling.ts';
import { clusterWords } from './cluster.ts';
import { metaWords } from './meta.ts';
import { podWords } from './pod.ts';
import type { Words } from './words.ts';
import { workloadWords } from './workloads.ts';

const all: ReadonlyMap<string, Words> = new Map([...metaWords, ...podWords, ...workloadWords, ...clusterWords, ...autoscalingWords]);

/** What kinds have in common. */
const common: Readonly<Record<string, string>> = {
  apiVersion: 'Group and version of the API that the object is written in.',
  kind: 'Name of the type of the object, in CamelCase.',
  metadata: 'Name, labels and everything else that all objects have.',
  spec: 'What shall be.',
  status: 'What is, as last observed. Written by the system.',
};
const commonOnly: Words = { fields: common };

/** Words about a type; what all kinds have in common is always there. */
export function descriptionsOf(structName: string): Words | undefined {
  const own = all.get(structName);
  if (own === undefined) return commonOnly;
  return { ...own, fields: { ...common, ...own.fields } };
}

/** Types that we have words for. */
export const describedTypes: readonly string[] = [...all.keys()];
