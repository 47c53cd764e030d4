import { part } from '../part.ts';
import { keyOperationRows } from './rows.ts';

export const keyOperations = part({
  serve: (service: Parameters<typeof keyOperationRows>[0]) => ({ rows: keyOperationRows(service) }),
});
