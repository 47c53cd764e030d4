// Every error that reaches the edge becomes one the client may see; what it must not see stays in the log under its id.

import { CryptoError } from '../crypto/protocol/messages.ts';
import { AuditError } from '../links/recorder/audit-log.ts';
import { StoreError } from '../store/port.ts';
import { ServiceError } from './service-error.ts';

/**
 * @param report takes what an operator should see; it gets names and codes, not payloads
 * @param repeatable whether the client may simply try again: what it asked for does no harm done twice
 */
export function translateError(error: unknown, report: (error: unknown) => void, repeatable: boolean): ServiceError {
  if (error instanceof ServiceError) return error;
  report(error);
  const next = repeatable ? 'try again' : 'it may have been done: look before trying again';
  if (error instanceof StoreError) {
    return error.code === 'Conflict'
      ? new ServiceError('Conflict', 'Other changes came first each time; try again', { cause: error })
      : unavailable('The store cannot be used now; the operator finds the reason in the log', error);
  }
  if (error instanceof AuditError)
    return unavailable(`The operation could not be recorded, so it is not answered; ${next}`, error);
  switch (error instanceof CryptoError ? error.code : undefined) {
    case 'PartitionLost':
    case 'Busy':
      return unavailable(`The module restarted during the operation; ${next}`, error);
    case 'StateRefused':
      return unavailable(
        "The module's files were exchanged, so nothing was done; the operator finds the reason in the log",
        error,
      );
    case 'WrongState':
      return new ServiceError('Conflict', 'The HSM is not in a state that allows this operation', { cause: error });
    default:
      return new ServiceError('InternalServerError', 'The service failed on this request', { cause: error });
  }
}

function unavailable(message: string, cause: unknown): ServiceError {
  return new ServiceError('ServiceUnavailable', message, { cause });
}
