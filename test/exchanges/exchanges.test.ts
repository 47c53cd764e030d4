// The wire, byte for byte: what was recorded is sent to the product again, and every answer is compared as it stands there,
// status line, headers with their order and spelling, and body.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RunningProduct, startProduct } from '../support/running-product.ts';
import { readAreas } from './areas.ts';
import { type ExchangeFile, parseExchanges, writeExchanges } from './exchange-file.ts';
import { Sender } from './send.ts';

describe('recorded exchanges', () => {
  const areas = readAreas();
  let product: RunningProduct;
  let sender: Sender;
  before(async () => {
    product = await startProduct();
    sender = new Sender(product);
  });
  after(() => product[Symbol.asyncDispose]());

  test('there are as many as were promised', () => {
    const count = areas.reduce((sum, { file }) => sum + file.exchanges.length, 0);
    assert.ok(count >= 200, `only ${count}`);
  });

  for (const { name, file } of areas) {
    test(`${name} is answered as it was`, async () => {
      const now = await sender.send(file);
      assert.deepEqual(differences(file, now), []);
    });
  }

  test('a file that is read and written is the same', () => {
    for (const { file } of areas) assert.deepEqual(parseExchanges(writeExchanges(file)), file);
  });
});

/** Line by line, with the exchange that each belongs to. */
function differences(before: ExchangeFile, now: ExchangeFile): readonly string[] {
  return before.exchanges.flatMap(({ title, answer }, index) => {
    const other = now.exchanges[index]?.answer ?? [];
    const lines = Array.from({ length: Math.max(answer.length, other.length) }, (_, line) => line);
    return lines
      .filter((line) => answer[line] !== other[line])
      .map((line) => `${title}: ${answer[line] ?? '(nothing)'} is now ${other[line] ?? '(nothing)'}`);
  });
}
