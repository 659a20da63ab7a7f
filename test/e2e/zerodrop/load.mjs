// Constant load on one Service until standard input ends: new and kept-alive HTTP/1.1 connections and HTTP/2 sessions, to
// every address that is given as HOST:PORT1:PORT2. Prints what it counted as JSON. A failed request is never sent again; only a stream that
// crossed a GOAWAY on its way is, because the server says that it has not looked at it (RFC 9113, 8.7).
import http from 'node:http';
import http2 from 'node:http2';

const targets = process.argv.slice(2).map((text) => {
  const [host, one, two] = text.split(':');
  return { host, one: Number(one), two: Number(two) };
});
const counts = { fresh: 0, kept: 0, streams: 0, crossed: 0, failed: 0 };
const errors = new Map();
const servers = new Set();
let stopping = false;
const fail = (kind, error) => {
  counts.failed++;
  const text = `${kind}: ${error.code ?? ''} ${error.message}`;
  errors.set(text, (errors.get(text) ?? 0) + 1);
};

function get(target, agent, path) {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: target.host, port: target.one, path, agent, timeout: 20_000 }, (response) => {
      let text = '';
      response.on('data', (part) => (text += part));
      response.on('error', reject);
      response.on('end', () =>
        response.statusCode === 200 && response.complete ? resolve(text) : reject(new Error(`status ${response.statusCode}`)),
      );
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', reject);
  });
}

async function loop(kind, target, once) {
  for (let n = 0; !stopping; n++) {
    try {
      servers.add(await once(target, n));
      counts[kind]++;
    } catch (error) {
      fail(kind, error);
    }
    if (kind === 'fresh') await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A session that is replaced when the server says that it will go. */
function session(target) {
  let current;
  const open = () => {
    const made = http2.connect(`http://${target.host}:${target.two}`);
    made.on('goaway', () => {
      if (current === made) current = undefined;
      made.close();
    });
    made.on('close', () => {
      if (current === made) current = undefined;
    });
    made.on('error', () => undefined);
    return made;
  };
  const ask = () =>
    new Promise((resolve, reject) => {
      current ??= open();
      const stream = current.request({ ':path': '/' });
      let text = '';
      stream.setEncoding('utf8');
      stream.on('data', (part) => (text += part));
      stream.on('end', () => resolve(text));
      stream.on('error', reject);
      stream.setTimeout(20_000, () => stream.destroy(new Error('no answer')));
      stream.end();
    });
  return async () => {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!error.message.includes('NGHTTP2_REFUSED_STREAM')) throw error;
        counts.crossed++;
      }
    }
  };
}

const loops = [];
for (const target of targets) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4, scheduling: 'fifo' });
  for (let i = 0; i < 2; i++) loops.push(loop('fresh', target, (to, n) => get(to, false, n % 50 === 0 ? '/slow' : '/')));
  for (let i = 0; i < 3; i++) loops.push(loop('kept', target, (to) => get(to, agent, '/')));
  const ask = session(target);
  for (let i = 0; i < 3; i++) loops.push(loop('streams', target, () => ask()));
}
process.stdin.resume();
process.stdin.on('end', async () => {
  stopping = true;
  await Promise.all(loops);
  console.log(JSON.stringify({ ...counts, servers: servers.size, errors: Object.fromEntries(errors) }));
  process.exit(0);
});
