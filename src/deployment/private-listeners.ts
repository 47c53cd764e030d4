// Reads `privateListeners` of a configuration: further ways into one instance, each tied by name to a private endpoint
// connection of it. Whether that connection is approved is the network rules' matter, asked for every request.
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { readIpAddress, writeIpAddress } from '../formats/ip-address.ts';
import { CONNECTION_NAME, readIpRange } from '../formats/network-rules.ts';
import { integer, list, matching, oneOf, type Reader, record, ShapeError, text } from '../formats/shape.ts';

/** Longer ones do not fit into a socket's address. */
const MOST_SOCKET_PATH = 100;
const MOST_LISTENERS = 64;

const connection = matching(CONNECTION_NAME, 'the name of a private endpoint connection');
const instance = matching(/^[A-Za-z][A-Za-z0-9-]{2,23}$/, 'the name of an instance');
const socket = matching(/^\/[^\0\r\n]+$/, 'the absolute path of a Unix socket');
export const readAddress: Reader<string> = (value, path) => {
  if (isIP(text(value, path)) === 0) throw new ShapeError(`${path} must be an IP address of this machine`);
  return value as string;
};
const atPort = record(
  { connection, address: readAddress, port: integer(1, 65_535) },
  {
    /** Every connection begins with a PROXY header, from one of these ranges; absent: the clients connect themselves. */
    proxies: record({ from: list(readIpRange, 64) }),
  },
);
const atSocket = record(
  { connection, socket },
  {
    /** Every connection begins with a PROXY header; absent: who comes has no address. */
    proxies: oneOf('socket'),
  },
);
/** Where an instance listens besides the front. By the connection that it names it is let in or not. */
export type PrivateListener = ReturnType<typeof atPort> | ReturnType<typeof atSocket>;
export type NamedListener = PrivateListener & { readonly instance: string };

const listener: Reader<PrivateListener> = (value, path) => {
  const isSocket = typeof value === 'object' && value !== null && Object.hasOwn(value, 'socket');
  if (!isSocket) {
    const read = atPort(value, path);
    if (read.proxies?.from.length === 0) throw new ShapeError(`${path}.proxies.from must name the proxies`);
    return read;
  }
  const read = atSocket(value, path);
  if (Buffer.byteLength(read.socket) > MOST_SOCKET_PATH) {
    throw new ShapeError(`${path}.socket is longer than ${MOST_SOCKET_PATH} bytes`);
  }
  return read;
};

/** Those of one instance. @throws ShapeError */
export const readPrivateListeners: Reader<readonly PrivateListener[]> = list(listener, MOST_LISTENERS);

/** Those of all. @throws ShapeError */
export const readNamedListeners: Reader<readonly NamedListener[]> = (value, path) => {
  const read = list<NamedListener>((each, at) => {
    const { instance: of, ...rest } = each as Readonly<Record<string, unknown>>;
    if (of === undefined) throw new ShapeError(`${at}.instance is missing`);
    return { ...listener(rest, at), instance: instance(of, `${at}.instance`) };
  }, MOST_LISTENERS)(value, path);
  const seen = new Set<string>();
  for (const each of read) {
    const place = listenAddressOf(each);
    if (seen.has(place)) throw new ShapeError(`${path} has two listeners at ${place}`);
    seen.add(place);
  }
  return read;
};

/** One text for one place, however it is written: two that share it would take each other's connections. */
function listenAddressOf(each: PrivateListener): string {
  if ('socket' in each) return resolve(each.socket);
  // A zone is part of the place, and of no address.
  const [address = '', ...zone] = each.address.split('%');
  return `${[writeIpAddress(readIpAddress(address)), ...zone].join('%')} port ${each.port}`;
}

/** Of all listeners those of this instance, without its name. */
export function listenersOf(all: readonly NamedListener[], name: string): readonly PrivateListener[] {
  return all
    .filter((each) => each.instance.toLowerCase() === name.toLowerCase())
    .map(({ instance: _, ...rest }) => rest);
}
