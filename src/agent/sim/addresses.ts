// Addresses of the pods of one simulated node, out of the node's range.
import { parseCidr } from '#api/addresses.ts';

/** Hands out the addresses of an IPv4 network, the first two and the last excepted; none while the network is unknown. */
export function createAddresses(network: () => string | undefined): { take(): string | undefined; free(address: string): void } {
  const taken = new Set<string>();
  let next = 2;
  return {
    take() {
      const cidr = network();
      if (cidr === undefined || parseCidr(cidr) === undefined) return undefined;
      const [base = '', bits = '32'] = cidr.split('/');
      const start = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
      const usable = 2 ** (32 - Number(bits)) - 3;
      for (let tried = 0; tried < usable; tried++) {
        const number = start + next;
        next = next >= usable + 1 ? 2 : next + 1;
        const address = [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
        if (taken.has(address)) continue;
        taken.add(address);
        return address;
      }
      return undefined;
    },
    free: (address) => void taken.delete(address),
  };
}
