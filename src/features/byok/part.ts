import { part } from '../part.ts';
import { type ImportService, importRows } from './rows.ts';

export const byok = part({ serve: (service: ImportService) => ({ rows: importRows(service) }) });
