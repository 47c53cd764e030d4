// Looks whether the protections are really on while figures are taken: a fast service without them is another product.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { places } from '../src/deployment/data-layout.ts';
import { API_VERSION, type Hsm } from './product/hsm.ts';
import { INSTANCE } from './product/product.ts';

const PUBLISHED_WITHIN_MS = 30_000;
const PROBE = `/keys/bench-rsa?api-version=${API_VERSION}`;

/** One sentence per protection seen in force. @throws when one is off */
export async function seeProtections(hsm: Hsm): Promise<readonly string[]> {
  const good = await hsm.tryWith(`Bearer ${hsm.token}`, PROBE);
  const none = await hsm.tryWith(undefined, PROBE);
  const forged = await hsm.tryWith(`Bearer ${forge(hsm.token)}`, PROBE);
  if (good.status !== 200) throw new Error(`a good token gets ${good.status}`);
  if (none.status !== 401) throw new Error(`a request without a token gets ${none.status}, not 401`);
  if (forged.status !== 401) throw new Error(`a forged token gets ${forged.status}, not 401`);
  return [`${good.tls} on every connection`, 'no token: 401', 'token with a changed signature: 401'];
}

/**
 * Waits until the published audit log, of which `size` tells, has grown by as many entries as there were answers: nothing is answered before it
 * is recorded, but a checkpoint may be a moment behind. Undefined where there is no log to read.
 */
export async function seeAuditGrowth(
  size: () => number | undefined | Promise<number | undefined>,
  before: number | undefined,
  answers: number,
): Promise<{ entries: number; answers: number } | undefined> {
  const deadline = performance.now() + PUBLISHED_WITHIN_MS;
  for (;;) {
    const now = await size();
    if (before === undefined || now === undefined) return undefined;
    const entries = now - before;
    if (entries >= answers || performance.now() > deadline) return { entries, answers };
    await sleep(50);
  }
}

/** The size of the instance's audit log as published, or undefined where there is none to read. */
export function auditLogSize(dataFolder: string): number | undefined {
  const file = join(places(dataFolder).instance(INSTANCE).audit, 'checkpoint');
  // C2SP tlog-checkpoint: origin, size, root hash.
  const size = existsSync(file) ? readFileSync(file, 'utf8').split('\n')[1] : undefined;
  return size !== undefined && /^[0-9]+$/.test(size) ? Number(size) : undefined;
}

/** Flips one bit of the signature. */
function forge(token: string): string {
  const [header = '', claims = '', signature = ''] = token.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  return [header, claims, bytes.toString('base64url')].join('.');
}
