// The module process: one partition. It has frames on its standard input and output, its own folder, libcrypto, and
// nothing else: the flags that start it (`crypto/client/spawn-partition.ts`) shut the rest, and it shuts the door behind
// the one add-on that libcrypto needs. Arguments: its folder, then `--library=` and `--program=` paths, the file of its
// passphrase (`--passphrase-file=`), and `--may-change-seal` for the command that does that.
import { forbidFurtherBinding, loadLibcrypto } from '../crypto/engines/software/libcrypto.ts';
import { softwareEngine } from '../crypto/engines/software/software-engine.ts';
import { CryptoError } from '../crypto/protocol/messages.ts';
import { passphraseSource, shutDoors } from './doors.ts';
import { KeyModule } from './key-module.ts';
import { refuseToServe, serve } from './serve.ts';

const CACHE_SIZE = 4096;
const HEAD_DELAY_MS = 1000;

const [folder, ...options] = process.argv.slice(2);
if (folder === undefined) throw new Error('the module is started by a service worker');
const valuesOf = (name: string): string[] =>
  options.filter((option) => option.startsWith(name)).map((option) => option.slice(name.length));

const libraries = valuesOf('--library=');
const library = libraries.length === 0 ? loadLibcrypto() : loadLibcrypto(libraries);
forbidFurtherBinding();
shutDoors(folder, valuesOf('--program='));

// Ctrl-C reaches the whole process group; the worker decides when this process ends, by closing the pipe.
process.on('SIGINT', () => undefined);

try {
  await using module = new KeyModule({
    folder,
    engine: softwareEngine(library),
    cacheSize: CACHE_SIZE,
    headDelay: HEAD_DELAY_MS,
    passphraseSource: passphraseSource(valuesOf('--passphrase-file=')[0]),
    mayChangeSeal: options.includes('--may-change-seal'),
    now: () => Math.floor(Date.now() / 1000),
  });
  await serve(module, process.stdin, process.stdout);
} catch (error) {
  process.exitCode = 70;
  // Our own refusals may say why; of anything else, the name.
  const reason = error instanceof CryptoError ? error.message : (error as Error).name;
  process.stderr.write(`module: ended on ${reason}\n`);
  // Of no use where it had begun to serve: then the input is closed, or nobody asks any more.
  if (error instanceof CryptoError) await refuseToServe(error, process.stdin, process.stdout).catch(() => undefined);
}
process.stdin.destroy();
