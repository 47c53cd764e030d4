// A bucket that speaks S3 as far as the sink does, in this process, whose clock can be moved: the server of another project, which
// `s3-sink.test.ts` has, lives in its own time and would refuse every signature. Signatures are not judged here, times and hashes are.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

const SKEW_MS = 900_000;

interface Stored {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Bucket extends AsyncDisposable {
  readonly url: string;
  /** Every connection is cut. */
  isAway: boolean;
  /** In the order of their names. */
  objects(): readonly string[];
}

export async function startBucket(): Promise<Bucket> {
  const stored = new Map<string, Stored>();
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      if (bucket.isAway) return void request.socket.destroy();
      const body = Buffer.concat(pieces);
      const url = new URL(request.url ?? '/', 'http://bucket');
      const key = decodeURIComponent(url.pathname.slice('/logs/'.length));
      const [status, headers, text] = isSound(request, body) ? answer(request, url, key, body) : [403, {}, ''];
      response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : text);
    });
  });
  function answer({ method, headers }: IncomingMessage, url: URL, key: string, body: Buffer) {
    const found = stored.get(key);
    if (method === 'GET' && url.searchParams.has('list-type')) return [200, {}, listed(url.searchParams)] as const;
    if (method !== 'PUT') return found === undefined ? NOTHING : ([200, found.headers, found.body] as const);
    if (headers['if-none-match'] === '*' && found !== undefined) return [412, {}, ''] as const;
    const own = Object.entries(headers).filter(([name]) => /^x-amz-(meta|object-lock)-/.test(name));
    stored.set(key, { body: body.toString('utf8'), headers: Object.fromEntries(own) as Stored['headers'] });
    return [200, {}, ''] as const;
  }
  function listed(query: URLSearchParams): string {
    const [prefix, after] = [query.get('prefix') ?? '', query.get('start-after') ?? ''];
    const keys = [...stored.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
    const page = keys.slice(0, 1000).map((key) => `<Contents><Key>${key}</Key></Contents>`);
    return `<ListBucketResult>${page.join('')}<IsTruncated>${keys.length > 1000}</IsTruncated></ListBucketResult>`;
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bucket: Bucket = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/logs`,
    isAway: false,
    objects: () => [...stored].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { body }]) => body),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return bucket;
}

const NOTHING = [404, {}, '<Code>NoSuchKey</Code>'] as const;

function isSound({ headers }: IncomingMessage, body: Buffer): boolean {
  const { authorization = '', 'x-amz-date': date = '', 'x-amz-content-sha256': hash } = headers;
  const time = Date.parse(String(date).replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'));
  return (
    authorization.startsWith('AWS4-HMAC-SHA256 Credential=AKYEAR/') &&
    Math.abs(Date.now() - time) < SKEW_MS &&
    hash === createHash('sha256').update(body).digest('hex')
  );
}
