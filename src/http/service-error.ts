// The error a client sees: HTTP status, code and text in the service's own shape (protocol: `{"error":{code,message}}`).
// One table; a code that is not in it cannot be answered. `docs/reference/errors.md` lists the same rows.

import type { Head } from '../store/sealed/records.ts';

export const errorCodes = {
  BadParameter: 400,
  BadRequest: 400,
  MalformedBackupBlob: 400,
  InvalidSetting: 400,
  RoleAssignmentExists: 400,
  MatchingRoleAssignmentExists: 400,
  Unauthorized: 401,
  AccessDenied: 403,
  Forbidden: 403,
  KeyNotFound: 404,
  RoleAssignmentNotFound: 404,
  RoleDefinitionNotFound: 404,
  NotFound: 404,
  MisdirectedRequest: 421,
  MethodNotAllowed: 405,
  RequestTimeout: 408,
  Conflict: 409,
  RequestBodyTooLarge: 413,
  RequestHeaderFieldsTooLarge: 431,
  Throttled: 429,
  InternalServerError: 500,
  ServiceUnavailable: 503,
} as const;
export type ErrorCode = keyof typeof errorCodes;

export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly innerCode: string | undefined;
  /** Seconds after which trying again makes sense; 1 where it may be told and nothing else is known. */
  readonly retryAfter: number;
  /** Told by the component that keeps jobs: its errors have `innererror` always, and no Activity ID in the text. */
  readonly ofJob: boolean;
  /** For the record: the store head after what was committed all the same, as asking for an approval. */
  readonly head: Head | undefined;
  constructor(
    code: ErrorCode,
    message: string,
    options?: ErrorOptions & {
      innerCode?: string;
      retryAfter?: number;
      ofJob?: boolean;
      head?: ServiceError['head'];
    },
  ) {
    super(message, options);
    this.code = code;
    this.status = errorCodes[code];
    this.innerCode = options?.innerCode;
    this.retryAfter = options?.retryAfter ?? 1;
    this.ofJob = options?.ofJob ?? false;
    this.head = options?.head;
  }
}

/** What a client sent is wrong: the text says what, and what to send instead. */
export function badParameter(message: string, options?: ErrorOptions): ServiceError {
  return new ServiceError('BadParameter', message, options);
}
