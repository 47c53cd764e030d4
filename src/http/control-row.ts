// What a request to the control process is and what answers it: one row per operation of the resource manager, the
// token issuer and Graph. The data plane has its own rows (`route.ts`); the two never meet.
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { NameForm } from './name-form.ts';

export type ControlHost = 'arm' | 'login' | 'graph';
export type ControlMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface ControlRequest {
  readonly method: string;
  /** The names that the caller used; every URL in the answer is made from them. */
  readonly names: NameForm;
  /** Configured origin of the host the caller asked, port included. */
  readonly origin: string;
  readonly path: string;
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** What the row's body reader made; undefined for rows that read none. */
  readonly body: unknown;
  readonly visit: Visit;
}

/** From a request's arrival to its answer: what becomes known of it, for what it may cost and for the record. */
export interface Visit {
  readonly requestId: string;
  /** Of the client, as the front told it; empty: it did not come through the front. */
  readonly address: string;
  /** Of the monotonic clock. */
  readonly startedAt: number;
  /** What its row asks a role for; empty: nothing that is put on record. */
  operationName: string;
  /** Whose token was good. */
  caller: ControlCaller | undefined;
  /** To be called then: the connection is no stranger's from then on. */
  readonly known: () => void;
  /** What it has changed is on record. */
  isOnRecord: boolean;
}

export interface ControlAnswer {
  /** Absent: 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly html?: string;
}

interface RowPlace {
  readonly host: ControlHost;
  readonly method: ControlMethod;
  /** find-my-way syntax, matched without regard to case. */
  readonly path: string;
  /** A secret may come with it: not even looked at while its caller's share of failed sign-ins is used up. */
  readonly signsIn?: true;
  /** What it does, in Azure's words; absent: nothing that is put on record. */
  readonly operationName?: string;
  /** Something of it stays in memory whoever asks: it costs whatever is answered. */
  readonly beginsSignIn?: true;
}
export interface HandledRow extends RowPlace {
  readonly body: 'none' | 'json' | 'form';
  /** `req` and `res` are for the protocol library's cookies; the answer is what the handler returns. */
  readonly handle: (
    request: ControlRequest,
    req: IncomingMessage,
    res: ServerResponse,
  ) => ControlAnswer | Promise<ControlAnswer>;
}
/** Writes a row that takes no body, unless it says that it does. */
export function handled(
  host: ControlHost,
  method: ControlMethod,
  path: string,
  handle: HandledRow['handle'],
  more?: Partial<Pick<HandledRow, 'body' | 'signsIn' | 'operationName'>>,
): HandledRow {
  return { host, method, path, body: 'none', handle, ...more };
}
/**
 * Hands the untouched exchange to the protocol library, unless it returns an answer itself. The library writes refusals too, so they
 * are paid for before.
 */
type PassedRow = RowPlace &
  ({ readonly signsIn: true } | { readonly beginsSignIn: true }) & {
    readonly pass: (
      request: ControlRequest,
      req: IncomingMessage,
      res: ServerResponse,
    ) => Promise<ControlAnswer | undefined>;
  };
export type ControlRow = HandledRow | PassedRow;

/** A refusal of the management plane: `{"error":{"code","message"}}` with this status. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  /** By what somebody else explains it, who refused first; absent: by the request's own id. */
  readonly activityId: string | undefined;
  constructor(
    status: number,
    code: string,
    message: string,
    options?: ErrorOptions & { headers?: Readonly<Record<string, string>>; activityId?: string | undefined },
  ) {
    super(message, options);
    this.status = status;
    this.code = code;
    this.headers = options?.headers ?? {};
    this.activityId = options?.activityId;
  }
}

export function internalError(requestId: string): ControlError {
  return new ControlError(500, 'InternalServerError', `The service had an internal error. Request id: ${requestId}`);
}

/** Who a verified token speaks for. */
export interface ControlCaller {
  readonly oid: string;
  readonly groups: readonly string[];
  readonly kind: 'user' | 'app';
  /** User principal name or application id, for records. */
  readonly label: string;
  /** JSON text for the record's `identity` member. */
  readonly identityJson: string;
}

/** Checks the bearer token of a request against this host's audiences. @throws ControlError 401 */
export type Authenticate = (request: ControlRequest) => Promise<ControlCaller>;
