// Where a volume of a pod is, once it is set up.

export interface Placed {
  /** The directory (or file, or device) of this machine that containers get. */
  readonly path: string;
  /** Containers may only read it. */
  readonly readOnly?: boolean;
  /** It is a block device: containers get it by `volumeDevices`. */
  readonly device?: boolean;
  /** When it must be set up again, e.g. for a new token; milliseconds since the epoch. */
  readonly refreshAt?: number;
}
