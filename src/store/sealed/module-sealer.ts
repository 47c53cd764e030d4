// Seals and opens records in the module. The service never holds the sealing key.
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import type { RecordSealer } from './records.ts';

export function moduleSealer(client: Pick<CryptoClient, 'send'>): RecordSealer {
  return {
    seal: (name, revision, value) => client.send('sealRecord', { name, revision, value }),
    sealHead: ({ sequence, hash, records }, previous) =>
      client.send('sealHead', { revision: sequence, hash, records, previous }),
    open: (key, revision, sealed) => client.send('openRecord', { key, revision, sealed }),
    noteHead: async (revision, key, sealed) => {
      await client.send('noteHead', { revision, key, sealed });
    },
  };
}
