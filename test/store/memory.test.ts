import { createMemoryStore } from '#store/memory.ts';
import { storeContract } from './contract.ts';

storeContract({ name: 'memory', open: async (clock) => createMemoryStore({ clock }) });
