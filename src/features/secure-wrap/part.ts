import { part } from '../part.ts';
import { type SecureWrapping, secureWrapRows } from './rows.ts';

export const secureWrap = part({ serve: (service: SecureWrapping) => ({ rows: secureWrapRows(service) }) });
