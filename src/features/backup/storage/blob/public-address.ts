// Which addresses are somebody's own: a name that resolves to one of these leads into a network, not out of it. Names are
// resolved for each connection, so what a name server says later cannot lead elsewhere either.
import { lookup as systemLookup } from 'node:dns/promises';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { StorageError } from '../port.ts';

const OWN = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8], // this network
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // carriers
  ['127.0.0.0', 8],
  ['169.254.0.0', 16], // link-local: metadata services are here
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3], // multicast, reserved, broadcast
] as const) {
  OWN.addSubnet(network, prefix, 'ipv4');
}
/** Of IPv6 only what is given out as global unicast can be public, and of that not what carries an IPv4 address inside. */
const GLOBAL = new BlockList();
GLOBAL.addSubnet('2000::', 3, 'ipv6');
const INNER = new BlockList();
for (const [network, prefix] of [
  ['2001::', 23], // protocol assignments, Teredo among them
  ['2001:db8::', 32],
  ['2002::', 16], // 6to4
  ['3fff::', 20],
] as const) {
  INNER.addSubnet(network, prefix, 'ipv6');
}

export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !OWN.check(address, 'ipv4');
  return isIP(address) === 6 && GLOBAL.check(address, 'ipv6') && !INNER.check(address, 'ipv6');
}

export type Resolve = (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;

/**
 * How a connection finds its address: among those that the configuration lists for the name, or, where it lists none,
 * among the public ones that the system resolves it to. Not asked for hosts that are addresses themselves.
 */
export function checkedLookup(
  listed: readonly string[],
  resolve: Resolve = (host) => systemLookup(host, { all: true }),
): LookupFunction {
  return (host, options, callback) => {
    addressesOf(host, listed, resolve).then(
      (found) => {
        const usable = found.filter(({ family }) => isWanted(family, options.family));
        const [first] = usable;
        if (first === undefined) callback(refusal(host), '', 0);
        else if (options.all === true) callback(null, [...usable]);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error as NodeJS.ErrnoException, '', 0),
    );
  };
}

async function addressesOf(
  host: string,
  listed: readonly string[],
  resolve: Resolve,
): Promise<readonly { address: string; family: number }[]> {
  if (listed.length > 0) return listed.map((address) => ({ address, family: isIP(address) }));
  // `localhost` is listed literally: it can stand for this machine only.
  if (host === 'localhost') return [{ address: '127.0.0.1', family: 4 }];
  const found = await resolve(host);
  return found.filter(({ address }) => isPublicAddress(address));
}

function isWanted(family: number, wanted: number | 'IPv4' | 'IPv6' | undefined): boolean {
  return wanted === undefined || wanted === 0 || `${family}` === `${wanted}`.replace('IPv', '');
}

function refusal(host: string): StorageError {
  return new StorageError(
    'NotAllowed',
    `${host} stands for private addresses only; where that is meant, add the place with them ('./strongroom backup place add … --address IP')`,
  );
}
