// Data that earlier versions left opens in this one: keys do what they did, what was deleted can be recovered, the log goes on and
// verifies from its first entry.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { brotliDecompressSync } from 'node:zlib';
import { readAuditLog, verifyAuditLog } from '../fault/audit-log.ts';
import { dataPlaneToken, type InstanceClient, instanceClient } from '../support/instance-client.ts';
import { startProduct } from '../support/running-product.ts';

type Answer = Readonly<Record<string, string>>;

interface EarlierData {
  readonly made: {
    readonly data: string;
    readonly wrapped: Answer;
    readonly encrypted: Answer;
    readonly signed: Answer;
  };
  readonly files: Readonly<Record<string, string>>;
}

const DAYS = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.json.br'));

for (const file of DAYS) {
  test(`the data of ${file.slice(0, 10)} opens, and its keys are used`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'strongroom-earlier-'));
    try {
      const data = join(folder, 'data');
      const { made, files } = readEarlierData(join(import.meta.dirname, file));
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(data, path)), { recursive: true, mode: 0o700 });
        writeFileSync(join(data, path), Buffer.from(content, 'base64'), { mode: 0o600 });
      }
      await using product = await startProduct({ data, demo: false });
      await product.until(({ instances }) => instances['dev']?.activation === 'Active');
      const before = readAuditLog(data).length;
      using client = instanceClient(product, await dataPlaneToken(product, await product.environment()));
      await useKeys(client, made);
      assert.equal(await product.stop(), 0, product.output);
      await verifyAuditLog(data);
      assert.ok(readAuditLog(data).length > before && before > 10, 'the log goes on where it was');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

async function useKeys(
  client: InstanceClient,
  { data, wrapped, encrypted, signed }: EarlierData['made'],
): Promise<void> {
  const ask = async (method: string, path: string, body?: unknown): Promise<Readonly<Record<string, unknown>>> => {
    const { status, json, text } = await client.ask(method, path, body);
    assert.equal(status, 200, `${method} ${path}: ${text}`);
    return json;
  };
  const keyOf = ({ kid = '' }: Answer): string => new URL(kid).pathname;
  const unwrapped = await ask('POST', `${keyOf(wrapped)}/unwrapkey`, { alg: 'RSA-OAEP-256', value: wrapped['value'] });
  assert.equal(unwrapped['value'], data);
  const { value, iv, tag } = encrypted;
  const decrypted = await ask('POST', `${keyOf(encrypted)}/decrypt`, { alg: 'A256GCM', value, iv, tag });
  assert.equal(decrypted['value'], data);
  const verified = await ask('POST', `${keyOf(signed)}/verify`, { alg: 'ES256', digest: data, value: signed['value'] });
  assert.equal(verified['value'], true);
  const versions = (await ask('GET', '/keys/rsa/versions'))['value'] as { tags?: Answer }[];
  assert.deepEqual(
    versions.flatMap(({ tags }) => tags?.['of'] ?? []),
    ['an earlier form'],
  );
  await ask('POST', '/deletedkeys/gone/recover');
  await ask('POST', '/keys/gone/sign', { alg: 'ES256', value: data });
  await ask('POST', '/keys/aes/create', { kty: 'oct-HSM' });
}

function readEarlierData(file: string): EarlierData {
  return JSON.parse(brotliDecompressSync(readFileSync(file)).toString('utf8')) as EarlierData;
}
