// Processors, memory and devices for containers, and the one who aligns them, as the configuration wants it.
import type { World } from '#base/world.ts';
import { keptBack } from '../eviction/kept.ts';
import { type CpuManager, noCpuManager, startCpuManager } from '../cpus/manager.ts';
import { DeviceManager } from '../devices/manager.ts';
import { type MemoryManager, noMemoryManager, startMemoryManager } from '../memory/manager.ts';
import { systemReserved } from '../memory/reserved.ts';
import type { AgentOptions } from '../options.ts';
import { type NumaLayout, readNumaLayout } from './layout.ts';
import { TopologyManager } from './manager.ts';

export interface Equipment {
  readonly devices: DeviceManager;
  readonly cpus: CpuManager;
  readonly memory: MemoryManager;
  readonly topology: TopologyManager;
}

export interface EquipmentDeps {
  readonly config: AgentOptions;
  /** Bytes of memory that the machine has. */
  readonly memoryBytes: number;
  /** The node's devices differ now. */
  readonly devicesChanged: () => void;
  /** The processors for everybody have changed. */
  readonly cpusChanged: () => void;
}

function startCpus(world: World, layout: NumaLayout, { config, cpusChanged }: EquipmentDeps): Promise<CpuManager> {
  if (!config.cpuManager) return Promise.resolve(noCpuManager);
  const file = `${config.dataDir}/cpu_manager_state`;
  return startCpuManager(world, {
    options: config.cpuManager,
    layout,
    reserved: config.reserved['cpu'] ?? '0',
    file,
    changed: cpusChanged,
  });
}

function startMemory(world: World, layout: NumaLayout, { config, memoryBytes }: EquipmentDeps): Promise<MemoryManager> {
  if (!config.memoryManager) return Promise.resolve(noMemoryManager);
  const kept = keptBack(config.reserved, config.eviction.hard, { memory: String(memoryBytes) });
  const reserved = systemReserved(layout, config.memoryManager.reservedMemory, kept);
  return startMemoryManager(world, { layout, reserved, file: `${config.dataDir}/memory_manager_state` });
}

/** Starts them with what an earlier life of the agent has promised. Rejects with what does not fit together. */
export async function startEquipment(world: World, deps: EquipmentDeps): Promise<Equipment> {
  const { config } = deps;
  const needed = config.topologyManager ?? config.cpuManager ?? config.memoryManager;
  const layout = needed ? await readNumaLayout(world) : [];
  const devices = new DeviceManager(world, { dir: `${config.dataDir}/device-plugins`, layout, changed: deps.devicesChanged });
  const [cpus, memory] = await Promise.all([startCpus(world, layout, deps), startMemory(world, layout, deps)]);
  const topology = new TopologyManager({
    clock: world.clock,
    providers: [devices, cpus, memory],
    topology: config.topologyManager && { config: config.topologyManager, layout },
  });
  await devices.start();
  return { devices, cpus, memory, topology };
}
