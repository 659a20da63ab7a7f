// POST /run: one command to its end, output as the answer.
import { messageOf } from '#base/errors.ts';
import { latest } from '../sync/state.ts';
import { HttpProblem, type Route } from './route.ts';

/** Runs `cmd` of the query. */
export const runCommand: Route = async ({ context, worker, container, query, reply }) => {
  const instance = latest(worker.state, container);
  if (instance?.state !== 'running') throw new HttpProblem(404, `container not found ("${container}")`);
  const command = query.getAll('cmd').flatMap((text) => text.split(' '));
  try {
    const result = await context.runtime.execSync(instance.id, command, 0);
    reply.send(200, { 'content-type': 'text/plain' }, Buffer.concat([result.stdout, result.stderr]));
  } catch (error) {
    throw new HttpProblem(500, messageOf(error));
  }
};
