// A decryption or unwrapping that fails says nothing of why: status, headers and body of an algorithm are the same for every
// reason. And RSA1_5 has nothing to say: a wrong padding decrypts, to bytes that are nobody's.
import assert from 'node:assert/strict';
import { constants, createPublicKey, publicEncrypt, randomBytes, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type FailingDecryption, makeFailingDecryptions } from '../support/failing-decryptions.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

let instance: RunningInstance;
let token: string;
let failing: FailingDecryption[];
before(async () => {
  instance = await startRunningInstance();
  await instance.activate();
  const user = randomUUID();
  await instance.assign('Managed HSM Crypto User', user);
  token = await instance.issuer.token(user);
  failing = await makeFailingDecryptions(post);
});
after(() => instance[Symbol.asyncDispose]());

const post = (path: string, body: object): Promise<Reply> =>
  instance.ask('POST', `${path}?api-version=7.6`, { token, body });

/** Everything of an answer that could differ, without what always does; time is measured elsewhere. */
function seen({ status, headers, text }: Reply): string {
  const own = ['date', 'x-ms-request-id', 'x-ms-server-latency'];
  const kept = Object.entries(headers).filter(([name]) => !own.includes(name));
  return JSON.stringify({ status, headers: kept, text: text.replace(/Activity ID: [0-9a-f-]{36}/, 'Activity ID: …') });
}

test('within an algorithm every failure is answered alike, byte for byte', async () => {
  const answers = new Map<string, Map<string, string[]>>();
  for (const { alg, operation, kind, key, body } of failing) {
    const reply = await post(`${key}/${operation}`, body);
    assert.equal(reply.status, 400, `${alg} ${kind}: ${reply.text}`);
    const ofAlgorithm = answers.get(`${operation} ${alg}`) ?? new Map<string, string[]>();
    ofAlgorithm.set(seen(reply), [...(ofAlgorithm.get(seen(reply)) ?? []), kind]);
    answers.set(`${operation} ${alg}`, ofAlgorithm);
  }
  assert.equal(answers.size, 9);
  for (const [algorithm, kinds] of answers) {
    assert.equal(kinds.size, 1, `${algorithm}: ${JSON.stringify([...kinds], undefined, 1)}`);
  }
});

test('what failed was not the key: the same keys go on working', async () => {
  const { key } = failing.find(({ alg }) => alg === 'A256GCM') ?? assert.fail('no key');
  const value = randomBytes(9).toString('base64url');
  const sealed = (await post(`${key}/encrypt`, { alg: 'A256GCM', value })).json as Record<string, string>;
  const { iv, tag, value: ciphertext } = sealed;
  const opened = await post(`${key}/decrypt`, { alg: 'A256GCM', value: ciphertext, iv, tag });
  assert.equal((opened.json as { value: string }).value, value);
});

test('RSA1_5 decrypts a wrong padding to bytes that are the same each time and tell nothing', async () => {
  const { key } = (await post('/keys/implicit/create', { kty: 'RSA' })).json as { key: Record<string, string> };
  const publicKey = createPublicKey({ key: { kty: 'RSA', n: key['n'] ?? '', e: key['e'] ?? '' }, format: 'jwk' });
  const size = 256;
  const secret = randomBytes(32);
  // RFC 8017 §7.2.1: 0 ‖ 2 ‖ at least 8 bytes that are not 0 ‖ 0 ‖ message.
  const block = (edit: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.concat([Buffer.of(0, 2), Buffer.alloc(size - 35, 0x11), Buffer.of(0), secret]);
    edit(bytes);
    return publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, bytes);
  };
  const open = (value: Buffer): Promise<Reply> =>
    post('/keys/implicit/decrypt', { alg: 'RSA1_5', value: value.toString('base64url') });
  const good = await open(block(() => undefined));
  assert.equal((good.json as { value: string }).value, secret.toString('base64url'));
  const shape = (reply: Reply): string =>
    seen({ ...reply, text: reply.text.replace(/"value":"[^"]*"/, '"value":…'), headers: withoutLength(reply.headers) });
  const kinds: Readonly<Record<string, (bytes: Buffer) => void>> = {
    'the first byte is not zero': (bytes) => bytes.set([1], 0),
    'the block type is of signatures': (bytes) => bytes.set([1], 1),
    'a zero among the first eight bytes of padding': (bytes) => bytes.set([0], 5),
    'no zero at all': (bytes) => bytes.fill(0x11, 2),
    'nothing but padding': (bytes) => bytes.fill(0, 2),
  };
  const lengths = new Set<number>();
  for (const [kind, edit] of Object.entries(kinds)) {
    const value = block(edit);
    const [first, second] = await Promise.all([open(value), open(value)]);
    assert.equal(shape(first), shape(good), kind);
    assert.equal(first.text, second.text, kind);
    const bytes = Buffer.from((first.json as { value: string }).value, 'base64url');
    assert.ok(!bytes.includes(secret.subarray(0, 4)), kind);
    lengths.add(bytes.length);
  }
  // The length is drawn from the ciphertext too, so that it says nothing either.
  assert.ok(lengths.size > 1, `${[...lengths]}`);
});

function withoutLength(headers: Reply['headers']): Reply['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'content-length'));
}
