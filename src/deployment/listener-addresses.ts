// Where the dev profile's proxy leads to besides the public way: clients in a shell of `strongroom env` ask it for every
// name, also for an instance's with the port of a private listener. As text they are arguments of the control process.
import { isIP } from 'node:net';
import type { NamedListener } from './private-listeners.ts';

export interface ListenerAddress {
  readonly instance: string;
  readonly address: string;
  readonly port: number;
}

/** Sockets have no port to ask for, and where a proxy's header is expected our proxy could not say it. */
export function listenerAddresses(listeners: readonly NamedListener[]): readonly ListenerAddress[] {
  return listeners.flatMap((each) =>
    'port' in each && each.proxies === undefined
      ? [{ instance: each.instance, address: each.address, port: each.port }]
      : [],
  );
}

/** @param port 443 is that of the public cloud's names, and stays theirs */
export function targetBesides(
  places: readonly ListenerAddress[],
  instance: string,
  port: number,
): ListenerAddress | undefined {
  if (port === 443) return undefined;
  return places.find((each) => each.port === port && each.instance.toLowerCase() === instance.toLowerCase());
}

export function writePlace({ instance, address, port }: ListenerAddress): string {
  return `${instance} ${address} ${port}`;
}

/** @throws Error when it is none that `writePlace` has written */
export function readPlace(text: string): ListenerAddress {
  const [instance = '', address = '', port = '', ...more] = text.split(' ');
  const place = { instance, address, port: Number(port) };
  if (isIP(address) === 0 || more.length > 0 || !/^\d{1,5}$/.test(port)) throw new Error(`no place: ${text}`);
  return place;
}
