// Validation of Events, in both of their groups.
import { Event as CoreEvent } from '#api/core/v1/event.ts';
import { checkFormat } from '#api/checks.ts';
import { invalid, required } from '#api/fielderror.ts';
import { byteLength, immutableText, qualifiedName } from '#api/formats.ts';
import { semanticEqual } from '#api/walk/equal.ts';
import { type Errors, type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { Event } from './event.ts';

/** Events about cluster-scoped objects live in `default` (and some old ones in `kube-system`). */
function checkNamespace(namespace: string, about: string | undefined, at: string, errors: Errors): void {
  if (about ? about === namespace : namespace === 'default' || namespace === 'kube-system') return;
  errors.push(invalid(at, about ?? '', 'does not match event.namespace'));
}

function checkText(text: string | undefined, at: string, errors: Errors): void {
  if (!text) errors.push(required(at));
  else if (byteLength(text) > 128) errors.push(invalid(at, '', 'can have at most 128 characters'));
}

const fixed = Object.keys(Event.fields).filter(
  (field) => !['apiVersion', 'kind', 'metadata', 'series'].includes(field) && !field.startsWith('deprecated'),
);

export const eventRules: readonly TypeRules[] = [
  typeRules<CoreEvent>(CoreEvent, {
    object(event, errors) {
      checkNamespace(event.metadata.namespace ?? '', event.involvedObject.namespace, 'involvedObject.namespace', errors);
    },
  }),
  typeRules<Event>(Event, {
    object(event, errors) {
      checkNamespace(event.metadata.namespace ?? '', event.regarding?.namespace, 'regarding.namespace', errors);
    },
    create(event, errors) {
      if (!event.eventTime) errors.push(required('eventTime'));
      if (event.type !== 'Normal' && event.type !== 'Warning')
        errors.push(invalid('type', event.type ?? '', `has invalid value: ${event.type ?? ''}`));
      if (!event.reportingController) errors.push(required('reportingController'));
      else checkFormat(qualifiedName, event.reportingController, 'reportingController', errors);
      checkText(event.reportingInstance, 'reportingInstance', errors);
      checkText(event.action, 'action', errors);
      checkText(event.reason, 'reason', errors);
      if (byteLength(event.note ?? '') > 1024) errors.push(invalid('message', '', 'can have at most 1024 characters'));
      if (event.series && event.series.count < 2) errors.push(invalid('series.count', '', 'should be at least 2'));
    },
    update(next, previous, errors) {
      for (const field of fixed) {
        const [now, before] = [next, previous].map((event) => (event as unknown as Readonly<Record<string, unknown>>)[field]);
        if (!semanticEqual(now, before)) errors.push(invalid(field, now ?? null, immutableText));
      }
    },
  }),
];
