// The two messages of grpc.health.v1 that a probe needs: pure.

const statuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

/** HealthCheckRequest for a service. */
export function grpcRequest(service: string): Uint8Array {
  if (service === '') return new Uint8Array();
  const text = Buffer.from(service, 'utf8');
  const length: number[] = [];
  for (let rest = text.length; ; rest >>>= 7) {
    if (rest < 128) {
      length.push(rest);
      break;
    }
    length.push((rest & 127) | 128);
  }
  return Buffer.concat([Buffer.from([10, ...length]), text]);
}

/** The status in a HealthCheckResponse. */
export function servingStatus(answer: Uint8Array): string {
  // One enum field, number 1; an absent field is UNKNOWN.
  return answer[0] === 8 ? (statuses[answer[1] ?? 0] ?? 'UNKNOWN') : 'UNKNOWN';
}
