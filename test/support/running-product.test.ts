import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { isAlive } from './process-tree.ts';
import { startProduct } from './running-product.ts';

test('a product that was started is reached through its environment, and nothing is left of it afterwards', async () => {
  let pids: readonly number[];
  let data: string;
  {
    await using product = await startProduct({ demo: false });
    data = product.data;
    pids = product.pids;
    const { AZURE_TENANT_ID, HTTPS_PROXY } = await product.environment();
    assert.equal(AZURE_TENANT_ID, product.state.tenantId);
    assert.equal(HTTPS_PROXY, product.state.uris.proxy);
    assert.ok(pids.includes(product.state.pids.control ?? 0));
    assert.equal(await product.stop(), 0, product.output);
    assert.match(product.output, /strongroom: stopped/);
  }
  assert.deepEqual(pids.filter(isAlive), []);
  assert.equal(existsSync(data), false);
});
