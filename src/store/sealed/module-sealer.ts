// Seals and opens records in the module. The service never holds the sealing key.
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import type { RecordSealer } from './records.ts';

export function moduleSealer(client: Pick<CryptoClient, 'send'>): RecordSealer {
  return {
    async seal(name, revision, value) {
      const { key, sealed } = await client.send('sealRecord', { name, revision, value });
      return { key: Uint8Array.from(key), sealed: Uint8Array.from(sealed) };
    },
    async open(key, revision, sealed) {
      const { name, value } = await client.send('openRecord', { key, revision, sealed });
      // Replies are views into receive buffers, which a kept value would hold on to.
      return { name, value: Uint8Array.from(value) };
    },
    async noteHead(revision, key, sealed) {
      await client.send('noteHead', { revision, key, sealed });
    },
  };
}
