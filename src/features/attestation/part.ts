import { part } from '../part.ts';
import { type AttestationService, attestationRows } from './rows.ts';

export const attestation = part({ serve: (service: AttestationService) => ({ rows: attestationRows(service) }) });
