// What CEL expressions see of a request in admission.
import type { AdmissionInput } from '../cel/admissionenv.ts';
import type { Resource } from '../registry/resource.ts';
import type { AdmissionAttributes } from './plugin.ts';
import { convert } from './webhooks/call.ts';
import { reviewOf } from './webhooks/review.ts';
import { shown } from './webhooks/view.ts';

type Objects = Pick<AdmissionInput, 'object' | 'oldObject'>;

/** The objects as the matched version shows them; given ones are taken as they are. */
export async function celInput(attributes: AdmissionAttributes, resource: Resource, given?: Objects): Promise<AdmissionInput> {
  const { registry, row, object, oldObject, ctx } = attributes;
  const own = registry.find(row.group, row.version, row.resource);
  const objects = given ?? {
    object: await convert(shown(object, attributes), own, resource),
    oldObject: await convert(shown(oldObject, attributes), own, resource),
  };
  const review = reviewOf(attributes, { uid: '', apiVersion: '', row: resource.row, object: undefined, oldObject: undefined });
  const asked = (review as { request: AdmissionInput['request'] & Record<string, unknown> }).request;
  const { object: _, oldObject: __, uid: ___, ...request } = asked;
  return { ...objects, request, ctx };
}
