// Entry of a short-lived process: seals an instance that was never activated by the operator's passphrase, before anything
// else of it is started. Root keys are made here if there are none. The passphrase goes from its file into the module's
// pipe, and the supervisor never has it.
// `seal-new.ts --instance DIR --passphrase-file FILE [--memory MIB]`
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { places } from '../../deployment/data-layout.ts';
import { readInstanceConfig } from '../../deployment/instance.ts';
import { takeDataLock } from '../../files/data-lock.ts';
import { firstLine } from '../../formats/first-line.ts';
import { exchangeSeal, openOfflineModule, recommendedCost } from '../../tools/seal/offline-module.ts';

process.umask(0o077);
const { values } = parseArgs({
  options: { instance: { type: 'string' }, 'passphrase-file': { type: 'string' }, memory: { type: 'string' } },
});
const { instance: root = '', 'passphrase-file': file = '', memory } = values;

try {
  const at = places(dirname(dirname(root))).instance(basename(root));
  const { id, name } = readInstanceConfig(join(root, 'instance.json'));
  using lock = takeDataLock(root);
  if (lock === undefined) throw new Error(`'${name}' is in use: is its seal being changed?`);
  await using module = await openOfflineModule(at.module);
  if (module.hello.state === 'blank') await module.ceremony('provision', { instanceId: id, instanceName: name });
  // One that is active was sealed so by somebody: it is theirs to exchange.
  if (module.hello.state === 'provisioned') {
    const cost =
      memory === undefined
        ? recommendedCost(totalmem())
        : { memory: Number(memory) * 1024, passes: Number(memory) >= 2048 ? 1 : 3, lanes: 4 };
    await exchangeSeal(module, { kind: 'passphrase', secret: passphraseIn(file), cost });
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

function passphraseIn(path: string): Buffer {
  const content = readFileSync(path);
  const line = Buffer.from(firstLine(content));
  content.fill(0);
  if (line.length === 0) throw new Error(`${path} holds no passphrase on its first line`);
  return line;
}
