// Gets an issuer's key set over HTTPS. Not the global fetch: the issuer's authority is named by configuration, and the
// answer is bounded in size and time.
import { Agent, get } from 'node:https';

/** Answers the parsed JSON, unchecked. Rejects when it cannot be had; the reason is for the operator. */
export type FetchJwks = (uri: string, ca: string | undefined) => Promise<unknown>;

export const MAX_JWKS_BYTES = 256 * 1024;
export const JWKS_TIMEOUT_MS = 5_000;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @param ca PEM of the only authority trusted for it; undefined: the system's */
export async function fetchJwks(uri: string, ca: string | undefined, timeout = JWKS_TIMEOUT_MS): Promise<unknown> {
  if (new URL(uri).protocol !== 'https:') throw new Error('key sets are fetched over https only');
  // An agent of its own: no idle sockets, no proxy and no relaxed certificate checks from the environment.
  const agent = new Agent({ keepAlive: false, rejectUnauthorized: true, minVersion: 'TLSv1.2' });
  try {
    return await request(uri, ca, agent, timeout);
  } finally {
    agent.destroy();
  }
}

function request(uri: string, ca: string | undefined, agent: Agent, timeout: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeout);
    const options = { agent, signal, headers: { accept: 'application/json' }, ...(ca === undefined ? {} : { ca }) };
    const sent = get(uri, options, (response) => {
      if (response.statusCode !== 200) {
        reject(new Error(`the key set was answered with status ${response.statusCode}`));
        sent.destroy();
        return;
      }
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > MAX_JWKS_BYTES) {
          reject(new Error(`the key set is larger than ${MAX_JWKS_BYTES} bytes`));
          sent.destroy();
        } else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        try {
          resolve(JSON.parse(utf8.decode(Buffer.concat(chunks))));
        } catch (cause) {
          reject(new Error('the key set is not JSON', { cause }));
        }
      });
    });
    sent.on('error', reject);
  });
}
