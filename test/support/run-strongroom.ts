// A command of `./strongroom`, run to its end as its users run it.
import { join } from 'node:path';
import { type Ended, runIn } from '../conformance/run-in.ts';
import { CHECKOUT, productEnvironment } from './running-product.ts';

export function runStrongroom(...words: readonly string[]): Promise<Ended> {
  return runIn({ cwd: CHECKOUT, env: productEnvironment() }, join(CHECKOUT, 'strongroom'), ...words);
}
