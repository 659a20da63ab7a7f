// Sockets and HTTP of the machine.
import type { Net } from '#base/net.ts';
import { fetch } from './fetch.ts';
import { serveHttp } from './httpserver.ts';
import { addresses, connect, listenTcp, listenUdp } from './sockets.ts';
import { upgrade } from './upgrade.ts';

export const realNet: Net = { serveHttp, fetch, upgrade, connect, listenTcp, listenUdp, addresses };
