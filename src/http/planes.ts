// What the door does with a connection and a request, and by which measure for whom: rows are steps, in their order; columns are
// the data plane, the management plane, the endpoint of managed identities and the health listener. What a request means is the
// rows' business (`route.ts`, `control-row.ts`).
import { ControlError } from './control-row.ts';
import type { BodyRules } from './read-body.ts';
import { ServiceError } from './service-error.ts';

/** Tokens of large directories reach 10 KiB and more; nothing else is long. */
const LONG_HEADERS = 32 * 1024;
const MIB = 1024 * 1024;

const dataBody: BodyRules & { readonly limit: number } = {
  /** Enough for every operation that has no larger limit of its own. */
  limit: 128 * 1024,
  droppedUpTo: 0,
  tooLarge: (limit) =>
    new ServiceError(
      'RequestBodyTooLarge',
      `The request body is larger than the ${limit} bytes that this operation takes`,
    ),
  lost: () => new ServiceError('RequestTimeout', 'The request body did not arrive completely'),
  unreadable: (cause) => new ServiceError('BadParameter', cause.message, { cause }),
};

const managementBody: BodyRules & { readonly limit: number } = {
  limit: MIB,
  droppedUpTo: 32 * MIB,
  tooLarge: (limit) =>
    new ControlError(413, 'RequestEntityTooLarge', `The request content is larger than ${limit} bytes.`, {
      headers: { connection: 'close' },
    }),
  lost: () => new Error('aborted'),
  unreadable: (cause) => new ControlError(400, 'InvalidRequestContent', `${cause.message}.`, { cause }),
};

const steps = {
  // A connection. Times are milliseconds.
  maxConnections: [8_000, 1_024, 256, 64],
  handshakeTimeout: [10_000, 10_000, 0, 5_000],
  keepAliveTimeout: [75_000, 60_000, 5_000, 60_000],
  /** What is still being answered when the listener closes has so long. */
  drainMs: [2_000, 1_000, 0, 500],
  // The head of a request.
  maxHeaderSize: [LONG_HEADERS, LONG_HEADERS, 8 * 1024, 8 * 1024],
  headersTimeout: [10_000, 10_000, 5_000, 5_000],
  requestTimeout: [30_000, 30_000, 10_000, 10_000],
  /** How often the times are looked at; as often as a head may take where that is less. */
  checkedEvery: [1_000, 1_000, 2_000, 2_000],
  /** The pipeline refuses a request without a Host in the service's own shape, and records it. */
  requireHostHeader: [false, true, true, true],
  /** Requests that bring no body have ended when they come; the pipeline waits for nothing that they could still tell. */
  optimizeEmptyRequests: [true, false, false, true],
  // Its row.
  methods: [['GET', 'PUT', 'POST', 'PATCH', 'DELETE'], ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'], [], []],
  /** The data plane's target is decoded before (`request-target.ts`), where such slashes are gone already. */
  looseSlashes: [false, true, false, false],
  longestParameter: [1_024, 400, 0, 0],
  // Its body.
  body: [dataBody, managementBody, undefined, undefined],
} as const;

type Steps = typeof steps;
type Column<N extends 0 | 1 | 2 | 3> = { readonly [K in keyof Steps]: Steps[K][N] };

function column<N extends 0 | 1 | 2 | 3>(at: N): Column<N> {
  return Object.fromEntries(Object.entries(steps).map(([step, by]) => [step, by[at]])) as Column<N>;
}

export const DATA_PLANE: Column<0> = column(0);
export const MANAGEMENT_PLANE: Column<1> = column(1);
export const IDENTITY_ENDPOINT: Column<2> = column(2);
export const HEALTH: Column<3> = column(3);

export type RouterRules = Pick<Column<0 | 1>, 'methods' | 'looseSlashes' | 'longestParameter'>;
type Choices = 'requireHostHeader' | 'optimizeEmptyRequests';
type Measures = Exclude<keyof Steps, keyof RouterRules | 'body' | Choices>;
export type ServerRules = Readonly<Record<Measures, number> & Record<Choices, boolean>>;
