import { part } from '../part.ts';
import { armKeyRows } from './rows.ts';

export const armKeys = part({ serve: (service: Parameters<typeof armKeyRows>[0]) => ({ rows: armKeyRows(service) }) });
