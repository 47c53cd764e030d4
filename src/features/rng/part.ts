import { part } from '../part.ts';
import { rngRows } from './rows.ts';

export const rng = part({ serve: (service: Parameters<typeof rngRows>[0]) => ({ rows: rngRows(service) }) });
