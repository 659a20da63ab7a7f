// APIServices: what this server answers itself is available from the first moment.
import type { APIService } from '#api/apiregistration/v1/apiservice.ts';
import type { KubeObject } from '#api/object.ts';
import { local, withAvailable } from '../aggregator/availability.ts';
import type { Strategy } from '../registry/strategy.ts';

export const apiServiceStrategy: Strategy = {
  prepareCreate(object, { now }) {
    const service = object as APIService;
    if (service.spec.service) return object;
    return { ...service, status: { conditions: [...withAvailable([], local, now)] } } as KubeObject;
  },
};
