// How many connections each address has open, so that one cannot take all there may be. Addresses of IPv6 count by their
// first 64 bits: whoever has one of those has all of them. The network that one customer has gets four shares.
import type { Socket } from 'node:net';
import { readIpAddress, writeIpAddress } from '../../formats/ip-address.ts';

/** The share of an IPv6 network, in shares of one address. */
export const NETWORK = 4;

export class OpenConnections {
  readonly #most: number;
  readonly #open = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Counts it until it closes; those without an address that can be told count together. False: the address has as many as it may have. */
  add(address: string, socket: Pick<Socket, 'once'>): boolean {
    const network = networkOf(address);
    const counted = [
      { name: ownerOf(address), most: this.#most },
      ...(network === undefined ? [] : [{ name: `${network}/48`, most: NETWORK * this.#most }]),
    ];
    if (counted.some(({ name, most }) => (this.#open.get(name) ?? 0) >= most)) return false;
    for (const { name } of counted) this.#open.set(name, (this.#open.get(name) ?? 0) + 1);
    socket.once('close', () => {
      for (const { name } of counted) this.#closed(name);
    });
    return true;
  }

  #closed(name: string): void {
    const left = (this.#open.get(name) ?? 1) - 1;
    if (left === 0) this.#open.delete(name);
    else this.#open.set(name, left);
  }
}

/** What limits by address count by. */
export function ownerOf(address: string): string {
  return address.includes(':') ? beginning(address, 8) : address;
}

/** The network that providers give to one customer: whoever has an IPv6 address may have 65,536 of what `ownerOf` tells apart. */
export function networkOf(address: string): string | undefined {
  return address.includes(':') ? beginning(address, 6) : undefined;
}

function beginning(address: string, bytes: number): string {
  return writeIpAddress(readIpAddress(address).map((byte, at) => (at < bytes ? byte : 0)));
}
