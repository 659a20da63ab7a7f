// Conversion between the versions: nothing is lost on the way there and back.
import { type AlphaGreeting, type Greeting, group } from './types.ts';

interface ConversionRequest {
  readonly uid: string;
  readonly desiredAPIVersion: string;
  readonly objects: readonly (Greeting | AlphaGreeting)[];
}

/** One greeting in another version. */
export function convert(object: Greeting | AlphaGreeting, apiVersion: string): Greeting | AlphaGreeting {
  if (object.apiVersion === apiVersion) return object;
  if (apiVersion === `${group}/v1`) {
    const { message, ...spec } = (object as AlphaGreeting).spec;
    return { ...object, apiVersion, spec: { ...spec, lines: message.split('|') } } as Greeting;
  }
  if (apiVersion === `${group}/v1alpha1`) {
    const { lines, ...spec } = (object as Greeting).spec;
    return { ...object, apiVersion, spec: { ...spec, message: lines.join('|') } } as AlphaGreeting;
  }
  throw new Error(`unknown version ${apiVersion}`);
}

/** Answers a ConversionReview. */
export function answerConversion({ uid, desiredAPIVersion, objects }: ConversionRequest): object {
  try {
    const convertedObjects = objects.map((object) => convert(object, desiredAPIVersion));
    return { uid, result: { status: 'Success' }, convertedObjects };
  } catch (error) {
    return { uid, result: { status: 'Failed', message: String(error) } };
  }
}
