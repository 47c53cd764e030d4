// A command of `./strongroom`, run to its end: the program behind it, as the launcher starts it, without the launcher's own checks,
// which so many commands need not repeat.
import { join } from 'node:path';
import { type Ended, runIn } from '../conformance/run-in.ts';
import { CHECKOUT, productEnvironment } from './running-product.ts';

const FLAGS = ['--disable-sigusr1', '--disable-warning=ExperimentalWarning'];

export function runStrongroom(...words: readonly string[]): Promise<Ended> {
  const env = { ...productEnvironment(), STRONGROOM_CALLED: join(CHECKOUT, 'strongroom') };
  return runIn({ cwd: CHECKOUT, env }, process.execPath, ...FLAGS, join(CHECKOUT, 'src/cli/main.ts'), ...words);
}
