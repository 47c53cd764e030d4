// The product with a sink that stands for the storage account of whole.tf, and of the guide.
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningProduct, startProduct } from '../support/running-product.ts';

const WHOLE = readFileSync(new URL('./whole.tf', import.meta.url), 'utf8');
const [, STORAGE = ''] = /storage_account_id = "(.*)"/.exec(WHOLE) ?? [];

export interface Receiving extends AsyncDisposable {
  readonly product: RunningProduct;
  /** What the storage account has received, as text. */
  received(): string;
}

export async function startReceiving(): Promise<Receiving> {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-terraform-logs-'));
  const path = join(folder, 'audit.jsonl');
  const config = join(folder, 'config.json');
  await writeFile(config, JSON.stringify({ sinks: [{ name: 'archive', kind: 'file', path, resourceId: STORAGE }] }));
  const product = await startProduct({ demo: false, config });
  return {
    product,
    received: () => (existsSync(path) ? readFileSync(path, 'utf8') : ''),
    async [Symbol.asyncDispose]() {
      await product[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
