// What callers may cost in requests and connections, as a configuration says it and a gateway keeps to it.

export interface BucketSize {
  /** Requests at once. */
  readonly burst: number;
  /** Requests per second from then on. */
  readonly perSecond: number;
}

export interface RequestLimits {
  readonly strangers: BucketSize;
  /** Absent: as fast as the machine goes. */
  readonly principals?: BucketSize;
  /** Connections at once from one address by the public way. */
  readonly connectionsPerAddress: number;
}

/** A stranger's share stays far from what fills a disk; clients begin each connection as strangers, to be told where to get a token. */
export const DEFAULT_LIMITS: RequestLimits = {
  strangers: { burst: 1000, perSecond: 50 },
  connectionsPerAddress: 200,
};
