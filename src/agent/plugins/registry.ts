// Plugins of the node: each puts a socket into one directory, says there what it is, and is told whether it was taken
// (the plugin registration API, KEP-595).
import { messageOf } from '#base/errors.ts';
import { Mutex } from '#base/mutex.ts';
import type { World } from '#base/world.ts';
import { defineMessages } from '#format/protomessages.ts';

const messages = defineMessages({
  InfoRequest: '',
  PluginInfo: 'type=1 name=2 endpoint=3 supportedVersions=4:[string]',
  RegistrationStatus: 'pluginRegistered=1:bool error=2',
  RegistrationStatusResponse: '',
});

/** What a plugin says about itself. */
export interface PluginInfo {
  readonly type: string;
  readonly name: string;
  /** Socket of its services. */
  readonly endpoint: string;
  readonly supportedVersions: readonly string[];
}

/** What takes plugins of one type. */
export interface PluginHandler {
  /** Rejects with the reason why the plugin is not taken. */
  register(plugin: PluginInfo): Promise<void>;
  deregister(plugin: PluginInfo): Promise<void>;
}

type Needs = Pick<World, 'fs' | 'grpc' | 'log' | 'clock'>;

const answerTime = 10_000;
const firstRetry = 500;
const lastRetry = 120_000;

interface Known {
  readonly inode: number;
  /** Undefined while the plugin could not be taken. */
  readonly plugin?: PluginInfo;
  readonly delay: number;
  readonly retryAt: number;
}

/** Watches the directory until disposed. `handlers` are by plugin type, e.g. `CSIPlugin`. */
export async function startPluginRegistry(
  world: Needs,
  dir: string,
  handlers: Readonly<Record<string, PluginHandler>>,
): Promise<AsyncDisposable> {
  const { fs, clock } = world;
  const known = new Map<string, Known>();
  const turn = new Mutex();
  const stop = new AbortController();
  let timer: { cancel(): void } | undefined;

  async function introduce(socket: string): Promise<PluginInfo> {
    const channel = world.grpc.connect(socket);
    const call = (method: string, bytes: Uint8Array): Promise<Uint8Array> =>
      channel.unary(`/pluginregistration.Registration/${method}`, bytes, { timeoutMs: answerTime, signal: stop.signal });
    try {
      const answer = messages.PluginInfo.decode(await call('GetInfo', messages.InfoRequest.encode({}))) as unknown as PluginInfo;
      const plugin = { ...answer, endpoint: answer.endpoint || socket };
      let problem = '';
      try {
        const handler = handlers[plugin.type];
        if (!handler) throw new Error(`no handler registered for plugin type: ${plugin.type} at socket ${socket}`);
        await handler.register(plugin);
      } catch (error) {
        problem = messageOf(error);
      }
      const status = { pluginRegistered: problem === '', error: problem };
      await call('NotifyRegistrationStatus', messages.RegistrationStatus.encode(status));
      if (problem !== '') throw new Error(problem);
      return plugin;
    } finally {
      channel.close();
    }
  }

  async function leave(socket: string, { plugin }: Known): Promise<void> {
    known.delete(socket);
    if (plugin) await handlers[plugin.type]?.deregister(plugin);
  }

  async function look(): Promise<void> {
    const present = new Set<string>();
    for (const name of await fs.list(dir)) {
      const socket = `${dir}/${name}`;
      const info = await fs.stat(socket);
      if (info?.kind !== 'socket' || name.startsWith('.')) continue;
      present.add(socket);
      const before = known.get(socket);
      if (before?.inode === info.inode && (before.plugin || clock.monotonic() < before.retryAt)) continue;
      // A new socket of the same name is the plugin's next life: it is registered again.
      const delay = Math.min((before?.delay ?? firstRetry / 2) * 2, lastRetry);
      try {
        known.set(socket, { inode: info.inode, plugin: await introduce(socket), delay: firstRetry / 2, retryAt: 0 });
        world.log.info('a plugin is registered', { socket });
      } catch (error) {
        if (stop.signal.aborted) return;
        world.log.warn('a plugin cannot be registered', { socket, error: messageOf(error) });
        known.set(socket, { inode: info.inode, delay, retryAt: clock.monotonic() + delay });
      }
    }
    for (const [socket, entry] of known) if (!present.has(socket)) await leave(socket, entry);
  }

  function update(): void {
    void turn
      .run(look)
      .catch((error: unknown) => world.log.warn('plugins cannot be looked for', { error: messageOf(error) }))
      .then(() => {
        timer?.cancel();
        const waits = [...known.values()].filter((entry) => !entry.plugin).map((entry) => entry.retryAt - clock.monotonic());
        if (waits.length > 0 && !stop.signal.aborted) timer = clock.after(Math.max(50, Math.min(...waits)), update);
      });
  }

  await fs.mkdir(dir, 0o750);
  const unwatch = fs.watch(dir, update);
  update();
  return {
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('the agent stops'));
      unwatch();
      timer?.cancel();
      await turn.run(async () => {});
    },
  };
}
