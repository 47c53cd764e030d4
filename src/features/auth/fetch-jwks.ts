// Gets an issuer's key set over HTTPS, by the authority that configuration names for it.
import { AnswerTooLarge, call } from '../../http/outbound.ts';

/** Answers the parsed JSON, unchecked. Rejects when it cannot be had; the reason is for the operator. */
export type FetchJwks = (uri: string, ca: string | undefined) => Promise<unknown>;

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
