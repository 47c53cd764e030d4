// Loaded into the supervisor of a product that the benchmark starts (`--import` on its command line): it starts as many
// service workers and module partitions as it would on a machine with so many cores.
// usage: --import=file:///…/cores.ts?cores=N
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';

const cores = Number(new URL(import.meta.url).searchParams.get('cores'));
if (!(cores >= 1)) throw new RangeError('cores.ts takes ?cores=N');
os.availableParallelism = () => cores;
syncBuiltinESMExports();
