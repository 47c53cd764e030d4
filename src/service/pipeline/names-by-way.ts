// Which of its names an instance answers to for who came by a certain way. A private listener has a port of its own, which
// clients put behind the instance's name: there, and nowhere else, the name is answered with that port too.

import type { Host } from '../../http/call.ts';
import type { Way } from '../../http/peer.ts';

/**
 * @param hosts by authority in lower case, port included unless 443
 * @param asked an authority in lower case, as the client wrote it
 * @returns the host under the name and port that the client reached; undefined: none of ours by this way
 */
export function hostAt(hosts: ReadonlyMap<string, Host>, asked: string, way: Way): Host | undefined {
  const authority = asked.replace(/:443$/, '');
  const host = hosts.get(asked) ?? hosts.get(authority);
  if (host !== undefined) return host;
  const port = portOf(way);
  return port === undefined
    ? undefined
    : [...hosts.values()].map((each) => atPort(each, port)).find((each) => each.authority === authority);
}

/** All of them, those with the port of the client's way first. */
export function hostsBy(hosts: ReadonlyMap<string, Host>, way: Way): readonly Host[] {
  const port = portOf(way);
  const own = [...hosts.values()];
  if (port === undefined) return own;
  const all = [...own.map((each) => atPort(each, port)), ...own];
  return [...new Map(all.map((each) => [each.authority, each])).values()];
}

/** The same name, port included unless 443. */
export function authorityAt(authority: string, port: number): string {
  const name = authority.replace(/:\d+$/, '');
  return port === 443 ? name : `${name}:${port}`;
}

function portOf(way: Way): number | undefined {
  return typeof way === 'object' ? way.port : undefined;
}

/** Its challenge stays what it is: tokens are for the HSM, not for a way to it. */
function atPort(host: Host, port: number): Host {
  return { ...host, authority: authorityAt(host.authority, port) };
}
