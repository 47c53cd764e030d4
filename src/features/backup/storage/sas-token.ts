// What a SAS token says of itself, to refuse early and to explain refusals of the service. The token is a secret: nothing
// of its signature leaves this file except inside the token itself.
import { StorageError } from './port.ts';

export interface SasToken {
  /** Without a leading question mark. */
  readonly text: string;
  /** Milliseconds; undefined when a stored access policy of the container says it. */
  readonly expiresAt?: number;
  readonly startsAt?: number;
  /** Letters; undefined when a stored access policy says them. */
  readonly permissions?: string;
}

const MEMBERS = new Set(
  'sv ss srt sr sp st se sip spr si sig sdd ses sduoid skoid sktid skt ske sks skv saoid suoid scid skdutid rscc rscd rsce rscl rsct'.split(
    ' ',
  ),
);

/** @throws StorageError Malformed */
export function readSasToken(given: string): SasToken {
  const text = given.startsWith('?') ? given.slice(1) : given;
  if (text.length === 0 || text.length > 4096 || !/^[\x21-\x7e]+$/.test(text))
    throw malformed('is empty, too long or has characters that no token has');
  const pairs = text.split('&');
  // What the service says of whatever is no token at all, too.
  if (!pairs.some((pair) => /^(se|si)=/.test(pair))) throw malformed('does not contain the expiry field');
  const members = new Map<string, string>();
  for (const pair of pairs) {
    const [name = '', value] = split(pair);
    if (value === undefined) throw malformed("is not of the form 'sv=…&sr=c&…&sig=…'");
    if (!MEMBERS.has(name)) throw malformed('has a member that SAS tokens do not have');
    if (members.has(name)) throw malformed(`has its member '${name}' twice`);
    members.set(name, decoded(value));
  }
  const need = (name: string): string => {
    const value = members.get(name);
    if (value === undefined || value === '') throw malformed(`has no member '${name}'`);
    return value;
  };
  need('sv');
  if (!/^[A-Za-z0-9+/]{43}=$/.test(need('sig'))) throw malformed("has a 'sig' that is no signature");
  if (members.has('srt')) checkAccount(need('ss'), need('srt'));
  else if (need('sr') !== 'c') throw malformed("is not for a container ('sr=c')");
  const byPolicy = members.has('si');
  const permissions = members.get('sp') ?? (byPolicy ? undefined : need('sp'));
  const expiresAt = instant('se', members.get('se'));
  const startsAt = instant('st', members.get('st'));
  return {
    text,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(startsAt === undefined ? {} : { startsAt }),
    ...(permissions === undefined ? {} : { permissions }),
  };
}

/** Why a service that refuses this token may do so; undefined when the token itself does not say. */
export function whyRefused(token: SasToken, nowMs: number): string | undefined {
  const { expiresAt, startsAt } = token;
  if (expiresAt !== undefined && expiresAt <= nowMs)
    return `the SAS token expired at ${new Date(expiresAt).toISOString()}`;
  if (startsAt !== undefined && startsAt > nowMs)
    return `the SAS token is not valid before ${new Date(startsAt).toISOString()}`;
  return undefined;
}

function checkAccount(services: string, types: string): void {
  if (!services.includes('b')) throw malformed("is not for blobs ('ss' without b)");
  if (!types.includes('o') || !types.includes('c'))
    throw malformed("is not for containers and objects ('srt' without c and o)");
}

function instant(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,7})?)?Z)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw malformed(`has a member '${name}' that is no time`);
  return ms;
}

function split(pair: string): readonly [string, string | undefined] {
  const at = pair.indexOf('=');
  return at < 0 ? [pair, undefined] : [pair.slice(0, at), pair.slice(at + 1)];
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch (cause) {
    throw malformed('is not percent-encoded as it should be', cause);
  }
}

/** In the words of the service, as far as it has them. */
function malformed(what: string, cause?: unknown): StorageError {
  return new StorageError('Malformed', `The customer provided SAS token is malformed. The SAS token ${what}`, {
    cause,
  });
}
