// Defaults and validation of probes and lifecycle handlers.
import { checkFormat, checkNonNegative, checkPort } from '#api/checks.ts';
import { type FieldError, forbiddenField, invalid, required } from '#api/fielderror.ts';
import { httpHeaderName, portNumber, positiveText } from '#api/formats.ts';
import { type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { ExecAction, GRPCAction, HTTPGetAction, type LifecycleHandler, Lifecycle, Probe, TCPSocketAction } from './probe.ts';

const handlers = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const;

function checkOneHandler(value: object, at: string, errors: FieldError[]): void {
  const set = handlers.filter((name) => (value as Readonly<Record<string, unknown>>)[name] !== undefined);
  if (set.length === 0) errors.push(required(at, 'must specify a handler type'));
  for (const name of set.slice(1)) errors.push(forbiddenField(`${at}.${name}`, 'may not specify more than 1 handler type'));
}

const counts = ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const;

/** Liveness and startup probes: one success must be enough. */
export function checkOneSuccess(probe: Probe, at: string, errors: FieldError[]): void {
  if (probe.successThreshold !== 1) errors.push(invalid(`${at}.successThreshold`, probe.successThreshold ?? 0, 'must be 1'));
}
/** Readiness probes kill nothing, so they have no grace period. */
export function checkReadiness(probe: Probe, at: string, errors: FieldError[]): void {
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined) errors.push(invalid(`${at}.terminationGracePeriodSeconds`, grace, 'must not be set for readinessProbes'));
}

/** A sleep must end before the pod is killed. */
export function checkSleep(handler: LifecycleHandler | undefined, graceSeconds: number, at: string, errors: FieldError[]): void {
  const seconds = handler?.sleep?.seconds;
  if (seconds === undefined || (seconds >= 0 && seconds <= graceSeconds)) return;
  const detail = `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`;
  errors.push(invalid(`${at}.sleep`, seconds, detail));
}

export const probeRules: readonly TypeRules[] = [
  typeRules<Probe>(Probe, {
    defaults(probe) {
      probe.timeoutSeconds ??= 1;
      probe.periodSeconds ??= 10;
      probe.successThreshold ??= 1;
      probe.failureThreshold ??= 3;
    },
    check(probe, at, errors) {
      checkOneHandler(probe, at, errors);
      for (const field of counts) checkNonNegative(probe[field], `${at}.${field}`, errors);
      const grace = probe.terminationGracePeriodSeconds;
      if (grace !== undefined && grace <= 0) errors.push(invalid(`${at}.terminationGracePeriodSeconds`, grace, positiveText));
    },
  }),
  typeRules<Lifecycle>(Lifecycle, {
    check(lifecycle, at, errors) {
      if (lifecycle.postStart) checkOneHandler(lifecycle.postStart, `${at}.postStart`, errors);
      if (lifecycle.preStop) checkOneHandler(lifecycle.preStop, `${at}.preStop`, errors);
    },
  }),
  typeRules<ExecAction>(ExecAction, {
    check(action, at, errors) {
      if (!action.command?.length) errors.push(required(`${at}.command`));
    },
  }),
  typeRules<HTTPGetAction>(HTTPGetAction, {
    defaults(action) {
      action.path ??= '/';
      action.scheme ??= 'HTTP';
    },
    check(action, at, errors) {
      if (!action.path) errors.push(required(`${at}.path`));
      checkPort(action.port, `${at}.port`, errors);
      for (const header of action.httpHeaders ?? []) checkFormat(httpHeaderName, header.name, `${at}.httpHeaders`, errors);
    },
  }),
  typeRules<TCPSocketAction>(TCPSocketAction, {
    check(action, at, errors) {
      checkPort(action.port, `${at}.port`, errors);
    },
  }),
  typeRules<GRPCAction>(GRPCAction, {
    defaults(action) {
      action.service ??= '';
    },
    check(action, at, errors) {
      for (const text of portNumber(action.port)) errors.push(invalid(`${at}.port`, action.port, text));
    },
  }),
];
