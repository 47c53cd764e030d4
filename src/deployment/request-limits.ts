// Reads `limits` of a configuration: what callers may cost. What is not said is as in `DEFAULT_LIMITS`.
import { type BucketSize, DEFAULT_LIMITS, type RequestLimits } from '../formats/request-limits.ts';
import { integer, type Reader, record } from '../formats/shape.ts';

const bucket: Reader<BucketSize> = record({ burst: integer(1, 1_000_000), perSecond: integer(1, 1_000_000) });
const shape = record({}, { strangers: bucket, principals: bucket, connectionsPerAddress: integer(1, 100_000) });

/** @throws ShapeError */
export const readRequestLimits: Reader<RequestLimits> = (value, path) => ({ ...DEFAULT_LIMITS, ...shape(value, path) });
