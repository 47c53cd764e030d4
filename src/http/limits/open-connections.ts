// How many connections each address has open, so that one cannot take all there may be. Who has shown no valid token gives way:
// the one that has been open longest is closed for one that comes. Who has shown one is counted apart, so that at an address
// which many share (NAT, a host) strangers push out strangers alone. Addresses of IPv6 count by their first 64 bits: whoever has
// one of those has all of them. The network that one customer has gets four shares.
import type { Socket } from 'node:net';
import { readIpAddress, writeIpAddress } from '../../formats/ip-address.ts';

/** The share of an IPv6 network, in shares of one address. */
export const NETWORK = 4;

/** A connection that is counted, until it closes. */
export interface Held {
  /** It has shown a valid token. Where as many as may be have done so, it goes on as the youngest of the others. */
  known(): void;
  /** Somebody else counts it from now on. */
  release(): void;
}

/** For connections that nobody has to count. */
export const UNCOUNTED: Held = { known() {}, release() {} };

interface Share {
  readonly most: number;
  /** In the order of their arrival. */
  readonly strangers: Set<Connection>;
  readonly known: Set<Connection>;
}

interface Connection {
  readonly socket: Pick<Socket, 'destroy'>;
  readonly names: readonly string[];
}

export class OpenConnections {
  readonly #most: number;
  readonly #shares = new Map<string, Share>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Counts it; those without an address that can be told count together. */
  add(address: string, socket: Pick<Socket, 'once' | 'destroy'>): Held {
    const network = networkOf(address);
    const names = [ownerOf(address), ...(network === undefined ? [] : [`${network}/48`])];
    for (const name of names) this.#makeRoom(name);
    const connection = { socket, names };
    const shares = names.map((name, index) => this.#shareOf(name, index === 0 ? this.#most : NETWORK * this.#most));
    for (const { strangers } of shares) strangers.add(connection);
    const release = (): void => this.#forget(connection);
    socket.once('close', release);
    return { known: () => keep(connection, shares), release };
  }

  #makeRoom(name: string): void {
    const share = this.#shares.get(name);
    if (share === undefined || share.strangers.size < share.most) return;
    const [eldest] = share.strangers;
    if (eldest === undefined) return;
    this.#forget(eldest);
    eldest.socket.destroy();
  }

  #shareOf(name: string, most: number): Share {
    const share = this.#shares.get(name) ?? { most, strangers: new Set(), known: new Set() };
    this.#shares.set(name, share);
    return share;
  }

  #forget(connection: Connection): void {
    for (const name of connection.names) {
      const share = this.#shares.get(name);
      share?.strangers.delete(connection);
      share?.known.delete(connection);
      if (share?.strangers.size === 0 && share.known.size === 0) this.#shares.delete(name);
    }
  }
}

function keep(connection: Connection, shares: readonly Share[]): void {
  const isThere = shares.every(({ strangers }) => strangers.delete(connection));
  if (!isThere) return;
  const hasRoom = shares.every(({ known, most }) => known.size < most);
  for (const { strangers, known } of shares) (hasRoom ? known : strangers).add(connection);
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
