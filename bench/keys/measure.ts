// What one client sees of an instance that holds many keys: every operation on keys spread over all of them, one request at
// a time, so that the times are of the operation and not of waiting for others.
import { randomBytes } from 'node:crypto';
import { toBase64url } from '../../src/formats/base64url.ts';
import { filledName } from './filled-keys.ts';
import type { OperationTimes } from './results.ts';
import { timeOperation } from './time-operation.ts';
import type { TimedAnswer, TimedClient } from './timed-client.ts';

export interface Measured {
  readonly operations: readonly OperationTimes[];
  readonly fullListing: { readonly ms: number; readonly pages: number; readonly keys: number };
}

const TIMES = 300;
const WARM_UP = 60;
const DIGEST = toBase64url(Buffer.alloc(32, 7));

/**
 * @param keys so many are filled in
 * @param cpuMicros processor time that the product has taken so far
 * @throws when an answer is not the expected one
 */
export async function measureKeys(client: TimedClient, keys: number, cpuMicros: () => number): Promise<Measured> {
  const sorted = Array.from({ length: keys }, (_, number) => filledName(number)).sort();
  const middle = toBase64url(Buffer.from(sorted[keys >> 1] ?? ''));
  /** Far apart in the list and in the store. */
  const some = (index: number): string => filledName(Math.floor((index * keys) / (TIMES + WARM_UP)));
  const versions = new Map<string, string>();
  const made = Array.from({ length: TIMES + WARM_UP }, () => `bench-made-${randomBytes(8).toString('hex')}`);
  const ownName = (index: number): string => made[index] ?? '';

  const operations: OperationTimes[] = [];
  const measure = async (name: string, ask: (index: number) => Promise<TimedAnswer>): Promise<void> => {
    operations.push(await timeOperation(name, { times: TIMES, warmUp: WARM_UP }, ask, cpuMicros));
  };

  await measure('get', async (index) => {
    const answer = await client.ask('GET', `/keys/${some(index)}`);
    const { kid } = answer.json['key'] as { kid: string };
    if (!kid.includes(`/keys/${some(index)}/`)) throw new Error(`asked for ${some(index)}, got ${kid}`);
    versions.set(some(index), new URL(kid).pathname);
    return answer;
  });
  await measure('get of a version', (index) => client.ask('GET', versions.get(some(index)) ?? ''));
  await measure('first page', () => client.ask('GET', '/keys').then(fullPage));
  await measure('middle page', () => client.ask('GET', `/keys?maxresults=25&$skiptoken=${middle}`).then(fullPage));
  await measure('list of versions', (index) => client.ask('GET', `/keys/${some(index)}/versions`));
  await measure('sign, key not opened', (index) => sign(client, some(index)));
  await measure('sign, key opened', () => sign(client, some(0)));
  await measure('update', (index) => client.ask('PATCH', `/keys/${some(index)}`, { tags: { round: String(index) } }));
  const create = (index: number): Promise<TimedAnswer> =>
    client.ask('POST', `/keys/${ownName(index)}/create`, { kty: 'EC-HSM', crv: 'P-256' });
  await measure('create', create);
  await measure('create of a version', create);
  await measure('delete', (index) => client.ask('DELETE', `/keys/${ownName(index)}`));
  await measure('recover', (index) => client.ask('POST', `/deletedkeys/${ownName(index)}/recover`, {}));
  // So that as many keys are there afterwards as were before.
  for (const name of made) await client.ask('DELETE', `/keys/${name}`);
  await measure('purge', (index) => client.ask('DELETE', `/deletedkeys/${ownName(index)}`));
  return { operations, fullListing: await listAll(client, sorted) };
}

function sign(client: TimedClient, name: string): Promise<TimedAnswer> {
  return client.ask('POST', `/keys/${name}/sign`, { alg: 'ES256', value: DIGEST });
}

function fullPage(answer: TimedAnswer): TimedAnswer {
  const { length } = answer.json['value'] as unknown[];
  if (length !== 25) throw new Error(`a page of ${length} keys`);
  return answer;
}

/** Of all keys, as listed. */
export async function listKeyNames(
  client: TimedClient,
): Promise<{ readonly names: readonly string[]; readonly pages: number }> {
  const names: string[] = [];
  let pages = 0;
  for (let path: string | undefined = '/keys'; path !== undefined; pages++) {
    const { json }: TimedAnswer = await client.ask('GET', path);
    for (const { kid } of json['value'] as { kid: string }[]) names.push(kid.slice(kid.lastIndexOf('/') + 1));
    const next = json['nextLink'];
    path = typeof next === 'string' ? next.slice(new URL(next).origin.length) : undefined;
  }
  return { names, pages };
}

/** Every key must come once, in order; the instance may hold others as well. */
async function listAll(client: TimedClient, sorted: readonly string[]): Promise<Measured['fullListing']> {
  const begin = performance.now();
  const { names: seen, pages } = await listKeyNames(client);
  const ms = performance.now() - begin;
  const filled = new Set(sorted);
  const found = seen.filter((name) => filled.has(name));
  if (found.length !== sorted.length || found.some((name, index) => name !== sorted[index])) {
    throw new Error(`the full listing shows ${found.length} of ${sorted.length} keys, or not in order`);
  }
  return { ms, pages, keys: seen.length };
}
