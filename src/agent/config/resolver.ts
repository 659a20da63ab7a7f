// The node's own resolver configuration.
import type { Fs } from '#base/fs.ts';
import { type DnsConfig, parseResolvConf } from './dns.ts';

/** Where systemd-resolved keeps the real servers while /etc/resolv.conf names its local stub. */
const behindStub = '/run/systemd/resolve/resolv.conf';

const isLoopback = (server: string): boolean => server.startsWith('127.') || server === '::1';

/** Reads it. A stub on the loopback address is of no use in a pod: the servers behind it are taken. */
export async function readResolver(fs: Fs, path: string): Promise<DnsConfig> {
  const read = (from: string): Promise<DnsConfig> =>
    fs.readText(from).then(parseResolvConf, () => ({ servers: [], searches: [], options: [] }));
  const config = await read(path);
  if (config.servers.length === 0 || !config.servers.every(isLoopback)) return config;
  const behind = await read(behindStub);
  return behind.servers.length > 0 ? behind : config;
}
