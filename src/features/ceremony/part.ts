import { part } from '../part.ts';
import { ceremonyKind, RecordedCeremonies } from './recorded.ts';
import { type CeremonyService, ceremonyRows } from './rows.ts';

export const ceremony = part({
  kinds: [ceremonyKind],
  keep: () => ({ ceremonies: new RecordedCeremonies() }),
  serve: (service: CeremonyService) => ({ rows: ceremonyRows(service) }),
});
