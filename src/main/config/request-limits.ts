// Reads `limits` of a configuration: what callers may cost. What is not said is as in `DEFAULT_LIMITS`.
import { integer, type Reader, record } from '../../formats/shape.ts';
import { DEFAULT_LIMITS, type RequestLimits } from '../../gateway/limits/request-limits.ts';
import type { BucketSize } from '../../gateway/limits/token-buckets.ts';

const bucket: Reader<BucketSize> = record({ burst: integer(1, 1_000_000), perSecond: integer(1, 1_000_000) });
const shape = record({}, { strangers: bucket, principals: bucket, connectionsPerAddress: integer(1, 100_000) });

/** @throws ShapeError */
export const readRequestLimits: Reader<RequestLimits> = (value, path) => ({ ...DEFAULT_LIMITS, ...shape(value, path) });
