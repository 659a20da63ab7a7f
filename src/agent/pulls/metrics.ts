// Metrics of image pulls under kubelet's names.
import { MetricsText } from '#format/prometheus.ts';
import type { PullManager } from './manager.ts';
import type { ImagePuller } from './puller.ts';

/** The text of all of them. `manager` is absent where pulls are not remembered. */
export function pullMetrics(
  puller: Pick<ImagePuller, 'requests' | 'durations'>,
  manager: Pick<PullManager, 'checks' | 'sizes'> | undefined,
): string {
  const text = new MetricsText();
  text.numbers(
    'kubelet_image_manager_ensure_image_requests_total',
    { type: 'counter', help: '[ALPHA] Number of ensure-image requests processed by the kubelet.' },
    puller.requests.map(({ request, count }) => [{ ...request }, count]),
  );
  text.histograms(
    'kubelet_image_pull_duration_seconds',
    '[ALPHA] Duration in seconds to pull an image.',
    [...puller.durations].map(([size, histogram]) => [{ image_size_in_bytes: size }, histogram]),
  );
  if (manager) {
    const gauge = (name: string, help: string, value: number): void =>
      text.numbers(`kubelet_imagemanager_${name}`, { type: 'gauge', help: `[ALPHA] ${help}` }, [[{}, value]]);
    gauge('ondisk_pullintents', 'Number of ImagePullIntents stored on disk.', manager.sizes.intents);
    gauge('ondisk_pulledrecords', 'Number of ImagePulledRecords stored on disk.', manager.sizes.records);
    text.numbers(
      'kubelet_imagemanager_image_mustpull_checks_total',
      {
        type: 'counter',
        help: '[ALPHA] Counter for how many times kubelet checked whether credentials need to be re-verified to access an image',
      },
      [...manager.checks].map(([result, count]) => [{ result }, count]),
    );
  }
  return text.toString();
}
