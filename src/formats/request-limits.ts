// What callers may cost in requests and connections, as `limits` of a configuration says it and a gateway keeps to it.
import { integer, type Reader, record } from './shape.ts';

const bucket = record({
  /** Requests at once. */
  burst: integer(1, 1_000_000),
  /** Requests per second from then on. */
  perSecond: integer(1, 1_000_000),
});
export type BucketSize = ReturnType<typeof bucket>;

const shape = record(
  {},
  {
    strangers: bucket,
    /** Absent: as fast as the machine goes. */
    principals: bucket,
    /** Connections at once from one address by the public way. */
    connectionsPerAddress: integer(1, 100_000),
  },
);
type Said = ReturnType<typeof shape>;
export type RequestLimits = Said & Required<Pick<Said, 'strangers' | 'connectionsPerAddress'>>;

/** A stranger's share stays far from what fills a disk; clients begin each connection as strangers, to be told where to get a token. */
export const DEFAULT_LIMITS: RequestLimits = {
  strangers: { burst: 1000, perSecond: 50 },
  connectionsPerAddress: 200,
};

/** What is not said is as in `DEFAULT_LIMITS`. @throws ShapeError */
export const readRequestLimits: Reader<RequestLimits> = (value, path) => ({ ...DEFAULT_LIMITS, ...shape(value, path) });
