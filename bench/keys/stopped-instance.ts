// The store of a stopped instance, opened by the service's own code with the real module, to be filled.
import { availableParallelism } from 'node:os';
import { type CryptoClient, openCryptoClient } from '../../src/crypto/client/crypto-client.ts';
import { places } from '../../src/deployment/data-layout.ts';
import { keys as keysPart } from '../../src/features/keys/part.ts';
import { partsOf } from '../../src/features/part.ts';
import { settings as settingsPart } from '../../src/features/settings/part.ts';
import { feeding } from '../../src/store/sealed/follow-records.ts';
import { openRecords } from '../../src/store/sealed/open-records.ts';
import { moduleSealer, type Records } from '../../src/store/sealed/records.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { groupedRecords } from './grouped-records.ts';

const state = () => partsOf<object>().with(settingsPart).with(keysPart).keep({}).has;

export interface StoppedInstance extends AsyncDisposable {
  readonly records: Records;
  readonly crypto: CryptoClient;
  /** Follows the records. */
  readonly state: ReturnType<typeof state>;
}

/** @param data the product's data directory; nothing else has it in use */
export async function openStoppedInstance(data: string, instance: string): Promise<StoppedInstance> {
  await using stack = new AsyncDisposableStack();
  const place = places(data).instance(instance);
  const crypto = stack.use(
    await openCryptoClient({
      moduleFolder: place.module,
      partitions: availableParallelism(),
      onPartitions: () => undefined,
    }),
  );
  const store = stack.use(await openSqliteStore({ folder: place.store }));
  const kept = state();
  const opened = stack.use(
    await openRecords({
      store,
      sealer: moduleSealer(crypto),
      apply: feeding([...kept.instancePolicy.follows, ...kept.settings.follows, ...kept.keys.follows]),
      // The product compares the two at its own start.
      newestHeadInLog: 0,
      headSeenByModule: crypto.hello.headSequence,
    }),
  );
  const records = stack.use(groupedRecords(opened));
  const all = stack.move();
  return { records, crypto, state: kept, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
