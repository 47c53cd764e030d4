// What `limit.c` does, for machines without a C compiler: the same calls of the system's libcrypto through koffi. The
// cost of those calls (about 0.3 µs each) is in the figure, which matters for AES only.
// usage: limit-loop.ts OPERATION SECONDS     (speaks like limit.c)
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import koffi from 'koffi';

// As the module chooses it (`src/crypto/engines/software/libcrypto.ts`): the system's if that is new enough, else the copy inside
// the node binary. Deep binding: without it libcrypto's own calls would end in that copy.
const library = systemLibrary() ?? koffi.load(null);
function systemLibrary() {
  try {
    const system = koffi.load('libcrypto.so.3', { deep: true });
    return (system.func('unsigned long OpenSSL_version_num()')() as number) >= 0x3020_0000 ? system : undefined;
  } catch {
    return undefined; // there is none
  }
}
const call = (prototype: string) => library.func(prototype);

const getMd = call('const void *EVP_get_digestbyname(const char *name)');
const newMemory = call('void *BIO_new_mem_buf(const uint8_t *bytes, int length)');
const readKey = call('void *PEM_read_bio_PrivateKey(void *bio, void *out, void *callback, void *argument)');
const newContext = call('void *EVP_PKEY_CTX_new(void *key, void *engine)');
const signInit = call('int EVP_PKEY_sign_init(void *context)');
const signOne = call('int EVP_PKEY_sign(void *c, _Out_ uint8_t *out, _Inout_ size_t *n, const uint8_t *in, size_t m)');
const encryptInit = call('int EVP_PKEY_encrypt_init(void *context)');
const encryptOne = call('int EVP_PKEY_encrypt(void *c, uint8_t *out, _Inout_ size_t *n, const uint8_t *in, size_t m)');
const decryptInit = call('int EVP_PKEY_decrypt_init(void *context)');
const decryptOne = call('int EVP_PKEY_decrypt(void *c, uint8_t *out, _Inout_ size_t *n, const uint8_t *in, size_t m)');
const setPadding = call('int EVP_PKEY_CTX_set_rsa_padding(void *context, int padding)');
const setSignatureMd = call('int EVP_PKEY_CTX_set_signature_md(void *context, const void *md)');
const setOaepMd = call('int EVP_PKEY_CTX_set_rsa_oaep_md(void *context, const void *md)');
const setMgfMd = call('int EVP_PKEY_CTX_set_rsa_mgf1_md(void *context, const void *md)');
const fetchCipher = call('void *EVP_CIPHER_fetch(void *library, const char *name, const char *properties)');
const newCipherContext = call('void *EVP_CIPHER_CTX_new()');
const setFlags = call('void EVP_CIPHER_CTX_set_flags(void *context, int flags)');
const cipherInit = call(
  'int EVP_CipherInit_ex2(void *c, void *cipher, const uint8_t *key, const uint8_t *iv, int encrypt, void *parameters)',
);
const cipherUpdate = call('int EVP_CipherUpdate(void *c, uint8_t *out, _Out_ int *n, const uint8_t *in, int m)');
const cipherFinal = call('int EVP_CipherFinal_ex(void *c, uint8_t *out, _Out_ int *n)');
const cipherControl = call('int EVP_CIPHER_CTX_ctrl(void *c, int type, int argument, uint8_t *pointer)');
const contextFromName = call(
  'void *EVP_PKEY_CTX_new_from_name(void *library, const char *type, const char *properties)',
);
const keygenInit = call('int EVP_PKEY_keygen_init(void *context)');
const keygen = call('int EVP_PKEY_keygen(void *context, _Inout_ void **key)');
const freeKey = call('void EVP_PKEY_free(void *key)');
const setText = call('int EVP_PKEY_CTX_ctrl_str(void *context, const char *name, const char *value)');

const PKCS1 = 1;
const OAEP = 4;
const WRAP_ALLOW = 1;
const GET_TAG = 0x10;

const digest = randomBytes(32);
const output = Buffer.alloc(512);
const tag = Buffer.alloc(16);
const length: [number] = [0];

function must(result: unknown): void {
  if (result !== 1) throw new Error('libcrypto refused');
}

function contextOf(kind: 'rsa' | 'ec'): unknown {
  const { privateKey } =
    kind === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const context: unknown = newContext(readKey(newMemory(pem, pem.length), null, null, null), null);
  if (context === null) throw new Error('libcrypto did not take the key');
  return context;
}

function setOaep(context: unknown): void {
  must(setPadding(context, OAEP));
  must(setOaepMd(context, getMd('SHA256')));
  must(setMgfMd(context, getMd('SHA256')));
}

function signing(kind: 'rsa' | 'ec'): () => void {
  const context = contextOf(kind);
  must(signInit(context));
  if (kind === 'rsa') must(setPadding(context, PKCS1));
  must(setSignatureMd(context, getMd('SHA256')));
  return () => {
    length[0] = output.length;
    must(signOne(context, output, length, digest, digest.length));
  };
}

function unwrapping(): () => void {
  const context = contextOf('rsa');
  must(encryptInit(context));
  setOaep(context);
  length[0] = output.length;
  must(encryptOne(context, output, length, digest, digest.length));
  const wrapped = Buffer.from(output.subarray(0, length[0]));
  must(decryptInit(context));
  setOaep(context);
  return () => {
    length[0] = output.length;
    must(decryptOne(context, output, length, wrapped, wrapped.length));
  };
}

function encryptingGcm(): () => void {
  const key = randomBytes(32);
  const cipher: unknown = fetchCipher(null, 'AES-256-GCM', null);
  const context: unknown = newCipherContext();
  return () => {
    must(cipherInit(context, cipher, key, randomBytes(12), 1, null));
    must(cipherUpdate(context, output, length, digest, digest.length));
    must(cipherFinal(context, output, length));
    must(cipherControl(context, GET_TAG, tag.length, tag));
  };
}

function unwrappingKw(): () => void {
  const key = randomBytes(32);
  const cipher: unknown = fetchCipher(null, 'AES-256-WRAP', null);
  const context: unknown = newCipherContext();
  setFlags(context, WRAP_ALLOW);
  must(cipherInit(context, cipher, key, null, 1, null));
  must(cipherUpdate(context, output, length, digest, digest.length));
  const wrapped = Buffer.from(output.subarray(0, 40));
  return () => {
    must(cipherInit(context, cipher, key, null, 0, null));
    must(cipherUpdate(context, output, length, wrapped, wrapped.length));
  };
}

function generating(type: 'RSA' | 'EC'): () => void {
  const context: unknown = contextFromName(null, type, null);
  must(keygenInit(context));
  must(type === 'RSA' ? setText(context, 'rsa_keygen_bits', '2048') : setText(context, 'ec_paramgen_curve', 'P-256'));
  return () => {
    const made = [null];
    must(keygen(context, made));
    freeKey(made[0]);
  };
}

const loops: ReadonlyMap<string, () => () => void> = new Map([
  ['rs256', () => signing('rsa')],
  ['oaep256', unwrapping],
  ['es256', () => signing('ec')],
  ['a256gcm', encryptingGcm],
  ['a256kw', unwrappingKw],
  ['rsa-generate', () => generating('RSA')],
  ['p256-generate', () => generating('EC')],
]);

const [name = '', seconds = ''] = process.argv.slice(2);
const one = loops.get(name)?.();
if (one === undefined || !(Number(seconds) > 0)) throw new Error('usage: limit-loop.ts OPERATION SECONDS');
process.stdout.write('ready\n');
await once(process.stdin, 'data');
process.stdin.destroy();
const start = performance.now();
const end = start + Number(seconds) * 1000;
/** Operations between two looks at the clock. */
const ROUND = name === 'rsa-generate' ? 1 : 16;
let count = 0;
do {
  for (let round = 0; round < ROUND; round += 1) one();
  count += ROUND;
} while (performance.now() < end);
process.stdout.write(`${count} ${((performance.now() - start) / 1000).toFixed(6)}\n`);
