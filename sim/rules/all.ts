// All rules that every life is held to.
import { autoscalersKeepLimits } from './autoscalers.ts';
import { budgetsHold, quotasHold } from './budgets.ts';
import { cronJobsForbid } from './cronjobs.ts';
import { deploymentRules } from './deployments.ts';
import { jobRules } from './jobs.ts';
import { oneLeader } from './leaders.ts';
import { healthyNodesKeepPods, nobodyOverbooked, oneOfEachName, ownedObjectsStay, silentNodesAreGivenUp } from './pods.ts';
import { victimsAreLesser } from './preemption.ts';
import type { Rule } from './rule.ts';
import { statefulSetRules } from './statefulsets.ts';
import { volumeRules } from './volumes.ts';

export const rules: readonly Rule[] = [
  oneOfEachName,
  nobodyOverbooked,
  healthyNodesKeepPods,
  silentNodesAreGivenUp,
  ownedObjectsStay,
  deploymentRules,
  statefulSetRules,
  jobRules,
  cronJobsForbid,
  autoscalersKeepLimits,
  victimsAreLesser,
  volumeRules,
  quotasHold,
  budgetsHold,
  oneLeader,
];
