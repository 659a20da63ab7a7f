// The built-in admission plug-ins, in the order in which Kubernetes runs them.
import { namespaceLifecycle } from './namespacelifecycle.ts';
import type { AdmissionPlugin } from './plugin.ts';

export const builtinAdmission: readonly AdmissionPlugin[] = [namespaceLifecycle];
