/** The node does not take a pod. */
export class AdmissionError extends Error {
  /** The reason in the pod's status and in the event. */
  readonly reason: string;

  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
