import { storeContract } from '../store.contract.ts';
import { MemoryContent, openMemoryStore } from './memory-store.fixture.ts';

storeContract('memory', async () => {
  const shared = new MemoryContent();
  return {
    open: async () => openMemoryStore(shared),
    [Symbol.asyncDispose]: async () => {},
  };
});
