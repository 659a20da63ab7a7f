import { type Entry, words } from './words.ts';

export const autoscalingWords: readonly Entry[] = [
  words('autoscaling.v2.HorizontalPodAutoscaler', 'Changes the number of pods of a workload as metrics ask for.'),
  words('autoscaling.v2.HorizontalPodAutoscalerSpec', 'What an autoscaler shall do.', {
    behavior: 'How fast it may scale up and down.',
    maxReplicas: 'The most pods.',
    metrics: 'What is looked at; the one that asks for the most pods counts. Default: 80 % of the CPU request.',
    minReplicas: 'The fewest pods. Default 1.',
    scaleTargetRef: 'What is scaled.',
  }),
  words('autoscaling.v2.CrossVersionObjectReference', 'An object of the same namespace.', {
    apiVersion: 'API version of the object.',
    kind: 'Kind of the object.',
    name: 'Name of the object.',
  }),
  words('autoscaling.v2.MetricSpec', 'One metric and its target.', {
    containerResource: 'CPU or memory of one container of each pod.',
    external: 'A metric of something outside the cluster.',
    object: 'A metric of another object, such as an Ingress.',
    pods: 'A metric of each pod, averaged.',
    resource: 'CPU or memory of each pod.',
    type: 'ContainerResource, External, Object, Pods or Resource.',
  }),
  words('autoscaling.v2.MetricTarget', 'The value to keep a metric at.', {
    averageUtilization: 'Average over the pods, in per cent of what they request.',
    averageValue: 'Average over the pods.',
    type: 'Utilization, Value or AverageValue.',
    value: 'The value itself.',
  }),
  words('autoscaling.v2.ResourceMetricSource', 'CPU or memory of each pod.', { name: 'cpu or memory.', target: 'The value to keep.' }),
  words('autoscaling.v2.HorizontalPodAutoscalerBehavior', 'How fast to scale.', {
    scaleDown: 'Downwards. Default: at once, to the highest wish of the last 300 seconds.',
    scaleUp: 'Upwards. Default: 4 pods or 100 %, whichever is more, every 15 seconds.',
  }),
  words('autoscaling.v2.HPAScalingRules', 'Limits for scaling in one direction.', {
    policies: 'How much may change in which time.',
    selectPolicy: 'Max (the default), Min or Disabled: which policy counts.',
    stabilizationWindowSeconds: 'Look back over so many seconds before acting. Default: 0 up, 300 down.',
    tolerance: 'Deviation from the target that is ignored. Default: 10 %.',
  }),
  words('autoscaling.v2.HPAScalingPolicy', 'One limit.', {
    periodSeconds: 'The time that the limit is for; 1 to 1800.',
    type: 'Pods or Percent.',
    value: 'How many pods, or per cent.',
  }),
  words('autoscaling.v2.HorizontalPodAutoscalerStatus', 'The state of an autoscaler.', {
    conditions: 'AbleToScale, ScalingActive and ScalingLimited.',
    currentMetrics: 'Metrics as last read.',
    currentReplicas: 'Pods as last seen.',
    desiredReplicas: 'Pods as last computed.',
    lastScaleTime: 'When the number of pods was changed last.',
    observedGeneration: 'The generation that the controller has seen.',
  }),
];
