// The serving module: one partition, which holds opened keys. It has frames on its standard input and output, its own folder,
// libcrypto, and nothing else. Arguments: its folder, then `--library=` and `--program=` paths.
import { loadLibcrypto } from '../crypto/engines/software/libcrypto.ts';
import { softwareEngine } from '../crypto/engines/software/software-engine.ts';
import { dispatchServing } from './handlers.ts';
import { KeyModule } from './key-module.ts';
import { runModule } from './run-module.ts';

const CACHE_SIZE = 4096;
const HEAD_DELAY_MS = 1000;
const STARTED_MS = 5000;

// At rest nothing is collected: 7 MiB that the start leaves behind would stay.
setTimeout(() => globalThis.gc?.({ type: 'major', flavor: 'last-resort' }), STARTED_MS).unref();

await runModule((folder, valuesOf) => {
  const libraries = valuesOf('--library=');
  const library = libraries.length === 0 ? loadLibcrypto() : loadLibcrypto(libraries);
  return {
    open: (now) =>
      new KeyModule({ folder, engine: softwareEngine(library), cacheSize: CACHE_SIZE, headDelay: HEAD_DELAY_MS, now }),
    dispatch: dispatchServing,
  };
});
