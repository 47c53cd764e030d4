import { part } from '../part.ts';
import { ceremonyKind, recordedCeremonies } from './recorded.ts';
import { type CeremonyService, ceremonyRows } from './rows.ts';

export const ceremony = part({
  kinds: [ceremonyKind],
  keep: () => ({ ceremonies: recordedCeremonies() }),
  serve: (service: CeremonyService) => ({ rows: ceremonyRows(service) }),
});
