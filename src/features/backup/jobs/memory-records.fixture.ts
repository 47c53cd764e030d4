// For tests: real records, over a store in memory and a sealer in this process.
import { openMemoryStore } from '../../../store/memory/memory-store.fixture.ts';
import { inTestSealer } from '../../../store/sealed/in-test-sealer.fixture.ts';
import { openRecords } from '../../../store/sealed/open-records.ts';
import type { Apply, GoesWith, Records } from '../../../store/sealed/records.ts';

export function openMemoryRecords(apply: Apply, goesWith: GoesWith = () => []): Promise<Records> {
  const store = openMemoryStore();
  return openRecords({ store, sealer: inTestSealer(), apply, goesWith, newestHeadInLog: 0, headSeenByModule: 0 });
}
