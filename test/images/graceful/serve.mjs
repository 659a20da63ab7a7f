// An ordinary graceful server: HTTP/1.1 on 8080, HTTP/2 (clear text) on 8081. After SIGTERM it takes no new connections,
// finishes what is under way, says `Connection: close` or GOAWAY, and exits when its connections are gone or idle.
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';

const name = process.env.HOSTNAME ?? '';
let stopping = false;
const sockets = new Map();
const sessions = new Set();

const one = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  if (stopping) response.setHeader('connection', 'close');
  response.setHeader('content-type', 'text/plain');
  // Some requests take their time.
  const answer = () => response.end(name);
  if (request.url === '/slow') setTimeout(answer, 200);
  else answer();
});
one.on('request', (request) => sockets.set(request.socket, Date.now()));
const listenOne = net.createServer((socket) => {
  sockets.set(socket, Date.now());
  socket.on('close', () => sockets.delete(socket));
  socket.on('error', () => socket.destroy());
  one.emit('connection', socket);
});
const two = http2.createServer();
two.on('session', (session) => {
  sessions.add(session);
  session.on('close', () => sessions.delete(session));
  session.on('error', () => undefined);
  if (stopping) session.close();
});
two.on('stream', (stream) => {
  stream.on('error', () => undefined);
  stream.respond({ ':status': 200 });
  stream.end(name);
});
listenOne.listen(8080);
two.listen(8081);

process.on('SIGTERM', () => {
  stopping = true;
  listenOne.close();
  two.close();
  // GOAWAY: streams under way are finished, newer ones refused.
  for (const session of sessions) session.close();
  setInterval(() => {
    // A connection that nobody has used for a while, though it was told nothing yet, is idle.
    for (const [socket, used] of sockets) if (Date.now() - used > 2000) socket.end();
    if (sockets.size === 0 && sessions.size === 0) process.exit(0);
  }, 50);
});
