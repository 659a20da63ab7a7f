// Validation of RuntimeClasses.
import { checkFormat, checkLabels } from '#api/checks.ts';
import { checkContainerResources } from '#api/core/v1/resources.rules.ts';
import { duplicate, invalid, required } from '#api/fielderror.ts';
import { dns1123Label, immutableText } from '#api/formats.ts';
import { type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { RuntimeClass } from './runtimeclass.ts';

export const runtimeClassRules: readonly TypeRules[] = [
  typeRules<RuntimeClass>(RuntimeClass, {
    object(one, errors) {
      if (one.handler === '') errors.push(required('handler'));
      else checkFormat(dns1123Label, one.handler, 'handler', errors);
      checkContainerResources(one.overhead?.podFixed, 'overhead.podFixed', errors);
      checkLabels(one.scheduling?.nodeSelector, 'scheduling.nodeSelector', errors);
      const seen = new Set<string>();
      for (const [index, toleration] of (one.scheduling?.tolerations ?? []).entries()) {
        const key = JSON.stringify([toleration.key, toleration.operator, toleration.value, toleration.effect]);
        if (seen.has(key)) errors.push(duplicate(`scheduling.tolerations[${index}]`, toleration));
        seen.add(key);
      }
    },
    update(next, previous, errors) {
      if (next.handler !== previous.handler) errors.push(invalid('handler', next.handler, immutableText));
    },
  }),
];
