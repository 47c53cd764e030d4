// What an auditor does with the log of a product, from its files: verify it, and look for entries.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { places } from '../../src/deployment/data-layout.ts';
import { openEntries } from '../../src/features/audit/read-entries.ts';
import { runIn } from '../conformance/run-in.ts';
import { CHECKOUT, cleanEnvironment } from '../support/running-product.ts';

export async function verifyAuditLog(data: string): Promise<void> {
  const ended = await runIn(
    { cwd: data, env: cleanEnvironment() },
    join(CHECKOUT, 'strongroom'),
    ...['audit', 'verify', '--data', data],
  );
  assert.equal(ended.code, 0, `${ended.stdout}${ended.stderr}`);
}

export interface Recorded {
  readonly correlationId: string;
  readonly operationName: string;
  readonly resultType: string;
  readonly resultSignature: string;
  readonly resultDescription: string;
}

export function readAuditLog(data: string): Recorded[] {
  const entries = openEntries(places(data).instance('dev').audit).from(0);
  return [...entries].map(({ text }) => JSON.parse(text) as Recorded);
}
