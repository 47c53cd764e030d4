// A bucket: what is asked of it, signed (AWS Signature Version 4), over the one way out that everything here has.
import { createHash } from 'node:crypto';
import { AwsV4Signer } from 'aws4fetch';
import { call } from '../../../http/outbound.ts';
import type { S3Credentials } from './credentials-file.ts';

export interface BucketPlace {
  /** Of the bucket, without a slash at the end; its name is in the host or in the path. */
  readonly url: string;
  readonly region: string;
  readonly credentials: S3Credentials;
  readonly ca: string | undefined;
}

/** It answered, and not with what was asked for. */
export class BucketRefused extends Error {
  override readonly name = 'BucketRefused';
  readonly status: number;
  constructor(status: number, body: string) {
    // Codes are words of the service; whatever else it says is not repeated.
    const [, code = ''] = /<Code>([A-Za-z0-9]{1,64})<\/Code>/.exec(body) ?? [];
    super(`answered ${status} ${code}`.trim());
    this.status = status;
  }
}

interface Asked {
  readonly method: string;
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

const DEADLINE_MS = 60_000;
const MOST_ANSWER = 8 * 1024 * 1024;

/** @throws BucketRefused for another status than 200, and errors of Node */
export async function askBucket(
  { url, region, credentials, ca }: BucketPlace,
  { method, key, query = {}, headers = {}, body }: Asked,
  stopping: AbortSignal,
) {
  const target = new URL(key === undefined ? url : `${url}/${key}`);
  target.search = new URLSearchParams(query).toString();
  const hash = createHash('sha256')
    .update(body ?? '')
    .digest();
  const signed = await new AwsV4Signer({
    ...{ method, url: target.href, service: 's3', region, ...credentials },
    headers: {
      ...headers,
      'x-amz-content-sha256': hash.toString('hex'),
      // What is kept under a lock must say how it is checked.
      ...(body === undefined ? {} : { 'x-amz-checksum-sha256': hash.toString('base64') }),
    },
  }).sign();
  const asked = {
    ...{ url: new URL(signed.url), method, ca, body, stopping, withinMs: DEADLINE_MS },
    headers: { ...Object.fromEntries(signed.headers), 'user-agent': 'strongroom' },
  };
  const answer = await call(asked, MOST_ANSWER);
  if (answer.status !== 200) throw new BucketRefused(answer.status, answer.body.toString('utf8'));
  return { headers: answer.headers, text: answer.body.toString('utf8') };
}
