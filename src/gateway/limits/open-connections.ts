// How many connections each address has open, so that one cannot take all there may be. Addresses of IPv6 count by their
// first 64 bits: whoever has one of those has all of them.
import type { Socket } from 'node:net';
import { readIpAddress, writeIpAddress } from '../../formats/ip-address.ts';

export class OpenConnections {
  readonly #most: number;
  readonly #open = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Counts it until it closes. False: the address has as many as it may have. */
  add(address: string, socket: Pick<Socket, 'once'>): boolean {
    const owner = ownerOf(address);
    const open = this.#open.get(owner) ?? 0;
    // A Unix socket has no address; who reaches it was let into its folder.
    if (open >= this.#most && owner !== '') return false;
    this.#open.set(owner, open + 1);
    socket.once('close', () => {
      const left = (this.#open.get(owner) ?? 1) - 1;
      if (left === 0) this.#open.delete(owner);
      else this.#open.set(owner, left);
    });
    return true;
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
