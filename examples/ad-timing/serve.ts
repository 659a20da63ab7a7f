// Serves the model over HTTP. Environment: PORT (8080), MODEL (model.json beside this file), TOP (best moments per answer, 3).
//   GET /predict?device=mobile&category=food&age=30&sinceLast=20   the best moments to place the advertisement
//   GET /healthz, /readyz, /metrics, /version
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { categories, devices, type Viewer } from './impressions.ts';
import { bestMoments, load } from './model.ts';

const port = Number(process.env['PORT'] ?? 8080);
const top = Number(process.env['TOP'] ?? 3);
const model = load(readFileSync(process.env['MODEL'] ?? join(import.meta.dirname, 'model.json'), 'utf8'));
const days = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

const counters = { requests: 0, refused: 0, seconds: 0 };
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
const histogram = buckets.map(() => 0);
let inFlight = 0;
let stopping = false;

function number(text: string | null, fallback: number, low: number, high: number, name: string): number {
  if (text === null) return fallback;
  const value = Number(text);
  if (text.trim() === '' || !(value >= low && value <= high)) throw new Error(`${name} must be a number from ${low} to ${high}`);
  return value;
}

function choice<T extends string>(text: string | null, values: readonly T[], name: string): T {
  const found = values.find((value) => value === (text ?? values[0]));
  if (found === undefined) throw new Error(`${name} must be one of ${values.join(', ')}`);
  return found;
}

function viewerOf(query: URLSearchParams): Viewer {
  return {
    device: choice(query.get('device'), devices, 'device'),
    category: choice(query.get('category'), categories, 'category'),
    age: number(query.get('age'), 35, 0, 120, 'age'),
    sinceLast: number(query.get('sinceLast'), 24, 0, 10_000, 'sinceLast'),
  };
}

const clock = (moment: number): string => {
  const minutes = Math.round((moment % 24) * 60);
  return `${days[Math.floor(moment / 24)]} ${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
};

function predict(query: URLSearchParams): object {
  const best = bestMoments(model, viewerOf(query), top);
  return {
    model: model.version,
    pod: process.env['POD_NAME'] ?? '',
    best: best.map(({ moment, rate }) => ({ at: clock(moment), clickRate: Number(rate.toFixed(4)) })),
  };
}

function metrics(): string {
  let total = 0;
  const rows = buckets.map((bound, i) => `ad_timing_request_seconds_bucket{le="${bound}"} ${(total += histogram[i] as number)}`);
  return [
    '# TYPE ad_timing_requests_total counter',
    `ad_timing_requests_total{model="${model.version}"} ${counters.requests}`,
    '# TYPE ad_timing_refused_total counter',
    `ad_timing_refused_total ${counters.refused}`,
    '# TYPE ad_timing_in_flight gauge',
    `ad_timing_in_flight ${inFlight}`,
    '# TYPE ad_timing_request_seconds histogram',
    ...rows,
    `ad_timing_request_seconds_bucket{le="+Inf"} ${counters.requests}`,
    `ad_timing_request_seconds_sum ${counters.seconds.toFixed(6)}`,
    `ad_timing_request_seconds_count ${counters.requests}`,
    '',
  ].join('\n');
}

function answer(response: ServerResponse, status: number, body: string, type = 'text/plain'): void {
  // A stopping server asks its clients to come back over a new connection, which reaches another pod.
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    ...(stopping ? { connection: 'close' } : {}),
  });
  response.end(body);
}

function handle(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://service');
  if (url.pathname === '/healthz') return answer(response, 200, 'ok');
  if (url.pathname === '/readyz') return answer(response, stopping ? 503 : 200, stopping ? 'stopping' : 'ok');
  if (url.pathname === '/metrics') return answer(response, 200, metrics(), 'text/plain; version=0.0.4');
  if (url.pathname === '/version') return answer(response, 200, model.version);
  if (url.pathname !== '/predict') return answer(response, 404, 'not found');
  const start = performance.now();
  try {
    answer(response, 200, JSON.stringify(predict(url.searchParams)), 'application/json');
  } catch (error) {
    counters.refused++;
    answer(response, 400, JSON.stringify({ error: error instanceof Error ? error.message : String(error) }), 'application/json');
  }
  const seconds = (performance.now() - start) / 1000;
  counters.requests++;
  counters.seconds += seconds;
  const bucket = buckets.findIndex((bound) => seconds <= bound);
  if (bucket >= 0) histogram[bucket] = (histogram[bucket] as number) + 1;
}

const server = createServer((request, response) => {
  inFlight++;
  response.on('close', () => inFlight--);
  request.resume();
  handle(request, response);
});
server.keepAliveTimeout = 30_000;
const connections = new Set<Socket>();
server.on('connection', (socket) => {
  connections.add(socket);
  socket.on('close', () => connections.delete(socket));
});
server.listen(port, () => console.log(`ad-timing ${model.version} listens on ${port}`));

/** Clients that keep a connection open get this long to use it once more and be told that it closes. */
const patience = 5_000;

/**
 * Stops without breaking a request: every answer from now on closes its connection, so that clients come back over new
 * ones, which reach other pods. A connection is never closed under a request that is on its way.
 */
function stop(): void {
  if (stopping) return;
  stopping = true;
  console.log('stopping: finishing what is in flight');
  const until = performance.now() + patience;
  setInterval(() => {
    if (connections.size > 0 && inFlight === 0 && performance.now() > until) server.closeIdleConnections();
    if (connections.size === 0) process.exit(0);
  }, 20);
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
