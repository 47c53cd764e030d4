// Which hosts a prepared shell reaches without the proxy: `NO_PROXY` as it was and what is passed, but never a name under
// which this service answers, since outside of the proxy that name is somebody else's or nobody's.
import { isIP } from 'node:net';
import { type NameForm, servedNames } from '../../http/name-form.ts';

/** The managed identity endpoint and other servers of this machine, by address; names of `*.localhost` are ours. */
export const ALWAYS_DIRECT = ['127.0.0.1'];

/** Entries of `NO_PROXY`, in order. */
export function noProxyEntries(environment: NodeJS.ProcessEnv): readonly string[] {
  return unique([environment['NO_PROXY'], environment['no_proxy']].flatMap((value) => (value ?? '').split(/[\s,]+/)));
}

/** What remains of the entries, and those that would lead round the proxy. */
export function splitDirect(
  entries: readonly string[],
  form: NameForm,
): { readonly direct: readonly string[]; readonly hiding: readonly string[] } {
  const hiding = entries.filter((entry) => hidesServed(entry, form));
  return { direct: unique([...ALWAYS_DIRECT, ...entries.filter((entry) => !hiding.includes(entry))]), hiding };
}

const HOST = /^(\*?\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9])?(:\d{1,5})?$/i;

/** A host, `.domain` or address as all clients understand it; undefined when it is none. */
export function passedHost(text: string): string | undefined {
  const [address = '', bits, ...more] = text.replace(/^\[(.*)\]$/, '$1').split('/');
  const family = isIP(address);
  if (family !== 0) {
    const most = family === 4 ? 32 : 128;
    if (bits === undefined) return address;
    return more.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= most ? `${address}/${bits}` : undefined;
  }
  return HOST.test(text) ? text.toLowerCase().replace(/^\*/, '') : undefined;
}

/** Clients compare ends of names, some of them without asking for a dot in between. */
function hidesServed(entry: string, form: NameForm): boolean {
  const end = entry
    .toLowerCase()
    .replace(/^\*?\.?/, '')
    .replace(/^([^:]*):\d+$/, '$1');
  const { hosts, suffixes } = servedNames(form);
  return hosts.some((host) => host.endsWith(end)) || suffixes.some((at) => at.endsWith(end) || end.endsWith(at));
}

function unique(entries: readonly string[]): readonly string[] {
  return [...new Set(entries)].filter((entry) => entry !== '');
}
