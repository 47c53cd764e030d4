// Starts the partitions of a worker. Apart from all else that a worker does: they start while the worker loads that.
import { type CryptoClient, openCryptoClient } from '../crypto/client/crypto-client.ts';
import type { ServiceOptions } from './service-options.ts';
import { askPeers } from './unlock-relay.ts';

type Given = Pick<ServiceOptions, 'config' | 'places' | 'partitions' | 'lock' | 'onPartitions'>;

/** @throws CryptoError when a partition does not start */
export function openModule({ config, places, partitions, lock, onPartitions }: Given): Promise<CryptoClient> {
  return openCryptoClient({
    moduleFolder: places.module,
    partitions,
    passphraseFile: config.passphraseFile,
    ...(lock === undefined ? {} : { peers: (certificate) => askPeers(lock.socketFolder, certificate) }),
    onLocked: () => lock?.onRelocked(new Error('all partitions were lost at once, and with them the seal key')),
    onPartitions,
  });
}
