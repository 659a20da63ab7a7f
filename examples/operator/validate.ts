// What a schema cannot say: greetings are polite.
import type { Greeting } from './types.ts';

interface AdmissionRequest {
  readonly uid: string;
  readonly object: Greeting;
}

/** Why a greeting is not acceptable; undefined if it is. */
export function complaint({ spec }: Greeting): string | undefined {
  const rude = spec.lines.find((line) => /\bgo away\b/i.test(line));
  if (rude !== undefined) return `${JSON.stringify(rude)} is not polite`;
  return new Set(spec.lines).size < spec.lines.length ? 'the same line twice' : undefined;
}

/** Answers an AdmissionReview. */
export function answerAdmission({ uid, object }: AdmissionRequest): object {
  const message = complaint(object);
  return message === undefined ? { uid, allowed: true } : { uid, allowed: false, status: { code: 422, message } };
}
