// One of two products that are loaded in turn: started in a folder of its own, and asked one operation.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createKeys, type Keys } from './bench-keys.ts';
import type { LoadGenerator } from './load/generator.ts';
import type { Operation } from './operations.ts';
import { connectHsm, type Hsm } from './product/hsm.ts';
import { type Product, startProduct } from './product/product.ts';
import { requestBytes } from './product/request-bytes.ts';
import { countWrong } from './samples.ts';

const CONNECTIONS = 64;
const WARM_UP_MS = 250;

export interface Side extends AsyncDisposable {
  readonly product: Product;
  readonly hsm: Hsm;
  readonly data: string;
  /** @returns requests per second @throws when an answer is wrong or missing */
  load(operation: Operation, seconds: number): Promise<number>;
}

/** @param options of the command `start` @param root the checkout that is started; absent: this one */
export async function startSide(
  generator: LoadGenerator,
  folder: string,
  options: readonly string[] = [],
  root?: string,
): Promise<Side> {
  mkdirSync(folder);
  const product = await startProduct(folder, 'side', [], options, root);
  const hsm = await connectHsm(product);
  const keys: Keys = await createKeys(hsm);
  return {
    product,
    hsm,
    data: join(folder, 'data'),
    async load(operation, seconds) {
      const prepared = await operation.prepare(hsm, keys);
      const requests = prepared.requests.map((each) => requestBytes(each, hsm));
      const job = { ...hsm.endpoint, requests, connections: CONNECTIONS, warmUpMs: WARM_UP_MS };
      const { completed, elapsedMs, errors, samples } = await generator.run({ ...job, measureMs: seconds * 1000 });
      const wrong = await countWrong(prepared, samples);
      if (wrong > 0) throw new Error(`${wrong} answers were wrong`);
      if (Object.keys(errors).length > 0) throw new Error(JSON.stringify(errors));
      return (completed * 1000) / elapsedMs;
    },
    [Symbol.asyncDispose]: () => product[Symbol.asyncDispose](),
  };
}
