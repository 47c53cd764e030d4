// Keeps what azurerm and the product said to each other, fit to be committed: no token, no key material, no id of this run.
import { createHash } from 'node:crypto';
import type { Answer, Request } from './between.ts';
import type { Exchange } from './exchange.ts';

const GUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
const VERSION = /(?<=\/)[0-9a-f]{32}(?=\/|\?|$)/g;
const INSTANT = /^20\d\d-\d\d-\d\dT/;
/** Of these only that they are there is kept: they are made anew each time. */
const MADE = new Set(['n', 'e', 'x', 'y', 'etag', 'createdBy', 'updatedBy']);
/** The list of namespaces is kept for the one that is asked for. */
const NAMESPACE = 'Microsoft.KeyVault';

export interface Recorder {
  hear(request: Request, answer: Answer): void;
  exchanges(): readonly Exchange[];
}

/**
 * @param known what ids of this run stand for
 * @param fixed ids that are the same in every run
 */
export function recorder(known: ReadonlyMap<string, string>, fixed: ReadonlySet<string>): Recorder {
  const names = new Map([...known].map(([value, name]) => [value.toLowerCase(), name]));
  const kept: Exchange[] = [];
  let made = 0;
  const nameOf = (value: string): string => {
    const low = value.toLowerCase();
    if (fixed.has(low)) return value;
    const name = names.get(low) ?? `made${++made}`;
    names.set(low, name);
    return `\${${name}}`;
  };
  const stand = (text: string): string => text.replaceAll(GUID, nameOf).replaceAll(VERSION, nameOf);
  const strip = (value: unknown, name = ''): unknown => {
    if (typeof value === 'string') {
      return MADE.has(name) || INSTANT.test(value) || value.length > 2_000 ? '<text>' : stand(value);
    }
    if (typeof value === 'number') return value > 1_700_000_000 ? '<number>' : value;
    if (Array.isArray(value)) return value.map((each) => strip(each));
    return typeof value === 'object' && value !== null ? mapMembers(value, strip) : value;
  };
  return {
    hear({ method, url, body, authorized }, { status, headers = {}, body: text = '' }) {
      if (!authorized) return;
      const host = url.hostname === 'management.azure.com' ? 'arm' : 'hsm';
      if (host === 'hsm' && !url.hostname.includes('.managedhsm.')) return;
      const poll = headers['azure-asyncoperation'] ?? (status === 202 ? headers['location'] : undefined);
      const path = stand(url.pathname + url.search);
      const exchange: Exchange = {
        ...{ host, method, path },
        ...(body === '' ? {} : { body: strip(withoutCertificates(JSON.parse(body))) }),
        status,
        ...(poll === undefined ? {} : { poll: stand(poll) }),
        ...(/^\s*\{/.test(text) ? { answer: strip(shorten(JSON.parse(text) as object, status)) } : {}),
      };
      // Of a poll the end is kept, and of reads between two changes one.
      const change = kept.findLastIndex((each) => each.method !== 'GET');
      const again = kept.findLastIndex((each) => each.method === method && each.path === path && each.host === host);
      if (method === 'GET' && again > change) kept.splice(again, 1);
      kept.push(exchange);
    },
    exchanges: () => kept,
  };
}

function mapMembers(value: object, by: (member: unknown, name: string) => unknown): object {
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, by(member, name)]));
}

function shorten(answer: object, status: number): object {
  if (status >= 400) {
    const { error } = answer as { error?: { code?: string } };
    return { error: { code: error?.code } };
  }
  const { systemData: _, ...rest } = answer as { systemData?: unknown; value?: unknown };
  if (!Array.isArray(rest.value)) return rest;
  // What other configurations have made at the same time is not of this one.
  const items = (rest.value as readonly { namespace?: string; id?: string }[]).filter(
    ({ id = '' }) => !/\/resourceGroups\/(?!RG-Whole)/i.test(id),
  );
  const one = items.find(({ namespace }) => namespace === NAMESPACE);
  return one === undefined
    ? { ...rest, value: items }
    : { value: [{ namespace: NAMESPACE, registrationState: 'Registered' }] };
}

interface Download {
  readonly certificates?: readonly { readonly x5c: readonly [string]; readonly 'x5t#S256': string }[];
}

/** Who replays has certificates of their own. */
function withoutCertificates(body: unknown): unknown {
  const { certificates } = body as Download;
  if (!Array.isArray(certificates)) return body;
  const own = (certificates as NonNullable<Download['certificates']>).map((jwk, index) => {
    if (jwk['x5t#S256'] !== claimedThumbprint(jwk.x5c[0])) throw new Error('azurerm makes its x5t#S256 in another way');
    return { ...jwk, x5c: [`\${certificate${index + 1}}`], 'x5t#S256': `\${thumbprint${index + 1}}` };
  });
  return { ...(body as object), certificates: own };
}

/** What azurerm sends as the x5t#S256 of a certificate: the padded hash of its base64 text. */
export function claimedThumbprint(certificate: string): string {
  return createHash('sha256').update(certificate).digest('base64').replaceAll('+', '-').replaceAll('/', '_');
}
