// Gets an issuer's key set over HTTPS, by the authority that configuration names for it: from where the configuration says, or
// where the issuer's OpenID discovery document does (OpenID Connect Discovery 1.0 §3).
import { oneLine } from '../../formats/printable.ts';
import { AnswerTooLarge, call } from '../../http/outbound.ts';
import { answeredSigningKeys } from './signing-key.ts';

/** Answers the parsed JSON, unchecked. Rejects when it cannot be had; the reason is for the operator. */
export type FetchJwks = (uri: string, ca: string | undefined) => Promise<unknown>;

/** Where an issuer has its keys, or says where they are. */
export type KeysAt = { readonly jwksUri: string } | { readonly discovery: string };

export const MAX_JWKS_BYTES = 256 * 1024;
const JWKS_TIMEOUT_MS = 5_000;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @param ca PEM of the only authority trusted for it; undefined: the system's */
export async function fetchJwks(
  uri: string,
  ca: string | undefined,
  withinMs: number = JWKS_TIMEOUT_MS,
): Promise<unknown> {
  const url = new URL(uri);
  if (url.protocol !== 'https:') throw new Error('key sets are fetched over https only');
  const headers = { accept: 'application/json' };
  const { status, body } = await call({ url, ca, headers, withinMs }, MAX_JWKS_BYTES, (each) => each === 200).catch(
    (error: unknown) => {
      if (!(error instanceof AnswerTooLarge)) throw error;
      throw new Error(`the key set is larger than ${MAX_JWKS_BYTES} bytes`);
    },
  );
  if (status !== 200) throw new Error(`the key set was answered with status ${status}`);
  try {
    return JSON.parse(utf8.decode(body));
  } catch (cause) {
    throw new Error('the key set is not JSON', { cause });
  }
}

/** @param issuer its exact name, which a discovery document must state */
export function keysOf(
  at: KeysAt,
  issuer: string,
  fetchJwks: FetchJwks,
): { readonly uri: string; readonly fetchJwks: FetchJwks } {
  if ('jwksUri' in at) return { uri: at.jwksUri, fetchJwks };
  return { uri: at.discovery, fetchJwks: discoveredKeys(issuer, fetchJwks) };
}

/**
 * Fetches a document instead of a key set, and then the keys that it points at; anew with every fetch, as issuers may move
 * them. Both by `fetchJwks`: bounded, https only, no redirects, the same authority.
 * @param issuer the exact name that the document must state: whoever runs another one would name the keys of ours
 */
export function discoveredKeys(issuer: string, fetchJwks: FetchJwks): FetchJwks {
  return async (uri, ca) => fetchJwks(keysAddress(await fetchJwks(uri, ca), issuer), ca);
}

function keysAddress(document: unknown, expected: string): string {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new Error('the discovery document is not a JSON object');
  }
  const { issuer, jwks_uri: address } = document as Readonly<Record<string, unknown>>;
  if (issuer !== expected) throw new Error('the discovery document is of another issuer than the configured one');
  if (typeof address !== 'string' || address.length > 2048 || !URL.canParse(address)) {
    throw new Error('the discovery document does not say where the keys are (jwks_uri)');
  }
  const { protocol, username, password } = new URL(address);
  if (protocol !== 'https:' || username !== '' || password !== '') {
    throw new Error('the discovery document has its keys elsewhere than at an https address');
  }
  return address;
}

export interface ForeignIssuer {
  readonly issuer: string;
  readonly keys: KeysAt;
  /** PEM of the only authority trusted for that address; absent: the system's. */
  readonly ca?: string;
}

/** Whether its keys can be had from here. @returns why not, on one line; undefined: there are keys that tokens can be checked with */
export async function tryIssuer(
  { issuer, keys, ca }: ForeignIssuer,
  fetchJwks: FetchJwks,
): Promise<string | undefined> {
  const found = keysOf(keys, issuer, fetchJwks);
  try {
    const { size } = answeredSigningKeys(await found.fetchJwks(found.uri, ca));
    return size === 0 ? `${found.uri}: the key set has no key that tokens are signed with` : undefined;
  } catch (error) {
    return `${found.uri}: ${causeText(error instanceof Error ? error : new Error(String(error)))}`;
  }
}

/** On one line for the operator, with the codes of Node (ENOTFOUND, DEPTH_ZERO_SELF_SIGNED_CERT, …), which say most. */
export function causeText(error: Error): string {
  const texts: string[] = [];
  for (let at: unknown = error; at instanceof Error && texts.length < 5; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException;
    // Of several addresses that were tried, each has its own failure and the whole has no text.
    const text = at.message === '' && at instanceof AggregateError ? String(at.errors[0]) : at.message;
    texts.push(code === undefined || text.includes(code) ? text : `${text} (${code})`);
  }
  return oneLine(texts.join(': '), 500);
}
