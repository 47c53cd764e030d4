// The one binding to native code: the functions of OpenSSL's libcrypto that Node does not offer or offers slowly. Every
// buffer is measured here before its address crosses over; raw pointers never leave this file unwrapped.
import { createRequire } from 'node:module';
import type { LibraryHandle } from 'koffi';

// Through require, not import: the bindings of an import could never be taken away again (`src/module/native.ts`).
const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
const { address } = koffi;

/** A failed call. Says which function, never why: reasons may tell an attacker about a plaintext. */
export class LibcryptoError extends Error {
  override readonly name = 'LibcryptoError';
}

/** OpenSSL 3.2: implicit rejection for RSAES-PKCS1-v1_5, and the provider fetches used here. */
const OLDEST = 0x3020_0000;
/** OpenSSL 3.5: ML-DSA. */
const WITH_ML_DSA = 0x3050_0000;
const SYSTEM_LIBRARIES = ['libcrypto.so.3'];

/** An EVP_PKEY, EVP_PKEY_CTX or EVP_CIPHER_CTX; 0 once freed. */
export interface Handle {
  pointer: bigint;
}
export interface Pkey extends Handle {
  readonly what: 'pkey';
}
export interface PkeyContext extends Handle {
  readonly what: 'pkey-context';
  readonly run: PkeyRun;
}
export interface CipherContext extends Handle {
  readonly what: 'cipher-context';
  readonly direction: 'encrypt' | 'decrypt';
  readonly ivLength: number;
}
export type PkeyRun = 'sign' | 'verify' | 'encrypt' | 'decrypt';
export type Settings = readonly (readonly [name: string, value: string])[];

export type Libcrypto = ReturnType<typeof bindLibcrypto>;

/**
 * Loads the system's libcrypto with RTLD_DEEPBIND, so that its own symbols win over those the node binary exports; or,
 * where there is none that is new enough, what node exports.
 * @param libraries paths or names tried before node's own; none: node's own alone
 */
export function loadLibcrypto(libraries: readonly string[] = SYSTEM_LIBRARIES): Libcrypto {
  if (koffi.sizeof('void *') !== 8) throw new LibcryptoError('a 64-bit platform is needed');
  for (const path of [...libraries, null]) {
    let library: LibraryHandle;
    try {
      library = path === null ? koffi.load(null) : koffi.load(path, { deep: true });
    } catch {
      // Absent here: the next candidate decides.
      continue;
    }
    const version = library.func('unsigned long OpenSSL_version_num()')() as number;
    if (version >= OLDEST) return bindLibcrypto(library, path === null ? 'in node' : path, version >= WITH_ML_DSA);
  }
  throw new LibcryptoError('no libcrypto of OpenSSL 3.2 or newer was found');
}

type Native<A extends unknown[], R = number> = ((...args: A) => R) & {
  async(...args: [...A, (error: unknown, result: R) => void]): void;
};

function bindLibcrypto(library: LibraryHandle, origin: string, hasMlDsa: boolean) {
  const native = <A extends unknown[], R = number>(prototype: string): Native<A, R> =>
    library.func(prototype) as unknown as Native<A, R>;
  type Pointer = bigint | null;

  const clearErrors = native<[], void>('void ERR_clear_error()');
  const pkeyFree = native<[Pointer], void>('void EVP_PKEY_free(void *key)');
  const contextFromName = native<[null, string, null], Pointer>(
    'void *EVP_PKEY_CTX_new_from_name(void *lib, const char *name, const char *query)',
  );
  const contextFromKey = native<[null, Pointer, null], Pointer>(
    'void *EVP_PKEY_CTX_new_from_pkey(void *lib, void *key, const char *query)',
  );
  const contextFree = native<[Pointer], void>('void EVP_PKEY_CTX_free(void *ctx)');
  const setting = native<[Pointer, string, string]>(
    'int EVP_PKEY_CTX_ctrl_str(void *ctx, const char *type, const char *value)',
  );
  const keygenInit = native<[Pointer]>('int EVP_PKEY_keygen_init(void *ctx)');
  const keygen = native<[Pointer, BigUint64Array]>('int EVP_PKEY_keygen(void *ctx, uint64_t *key)');
  const readPrivate = native<[null, BigUint64Array, number], Pointer>(
    'void *d2i_AutoPrivateKey(void *key, uint64_t *at, long length)',
  );
  const readPublic = native<[null, BigUint64Array, number], Pointer>(
    'void *d2i_PUBKEY(void *key, uint64_t *at, long length)',
  );
  const toPkcs8 = native<[Pointer], Pointer>('void *EVP_PKEY2PKCS8(void *key)');
  const writePkcs8 = native<[Pointer, BigUint64Array | null]>('int i2d_PKCS8_PRIV_KEY_INFO(void *info, uint64_t *at)');
  const pkcs8Free = native<[Pointer], void>('void PKCS8_PRIV_KEY_INFO_free(void *info)');
  const writePublic = native<[Pointer, BigUint64Array | null]>('int i2d_PUBKEY(void *key, uint64_t *at)');
  const init = {
    sign: native<[Pointer]>('int EVP_PKEY_sign_init(void *ctx)'),
    verify: native<[Pointer]>('int EVP_PKEY_verify_init(void *ctx)'),
    encrypt: native<[Pointer]>('int EVP_PKEY_encrypt_init(void *ctx)'),
    decrypt: native<[Pointer]>('int EVP_PKEY_decrypt_init(void *ctx)'),
  };
  // Functions that older libraries do not have.
  const forMessages = hasMlDsa
    ? {
        fetch: native<[null, string, null], Pointer>(
          'void *EVP_SIGNATURE_fetch(void *lib, const char *name, const char *query)',
        ),
        free: native<[Pointer], void>('void EVP_SIGNATURE_free(void *signature)'),
        init: {
          sign: native<[Pointer, Pointer, null]>(
            'int EVP_PKEY_sign_message_init(void *ctx, void *signature, const void *params)',
          ),
          verify: native<[Pointer, Pointer, null]>(
            'int EVP_PKEY_verify_message_init(void *ctx, void *signature, const void *params)',
          ),
        },
      }
    : undefined;
  type Run = Native<[Pointer, Uint8Array, BigUint64Array, Uint8Array, number]>;
  const runners: Record<'sign' | 'encrypt' | 'decrypt', Run> = {
    sign: native('int EVP_PKEY_sign(void *ctx, uint8_t *out, uint64_t *outlen, const uint8_t *in, size_t inlen)'),
    encrypt: native('int EVP_PKEY_encrypt(void *ctx, uint8_t *out, uint64_t *outlen, const uint8_t *in, size_t inlen)'),
    decrypt: native('int EVP_PKEY_decrypt(void *ctx, uint8_t *out, uint64_t *outlen, const uint8_t *in, size_t inlen)'),
  };
  const verifyNative = native<[Pointer, Uint8Array, number, Uint8Array, number]>(
    'int EVP_PKEY_verify(void *ctx, const uint8_t *sig, size_t siglen, const uint8_t *in, size_t inlen)',
  );

  const cipherFetch = native<[null, string, null], Pointer>(
    'void *EVP_CIPHER_fetch(void *lib, const char *name, const char *query)',
  );
  const cipherFree = native<[Pointer], void>('void EVP_CIPHER_free(void *cipher)');
  const keyLengthOf = native<[Pointer]>('int EVP_CIPHER_get_key_length(void *cipher)');
  const cipherContextNew = native<[], Pointer>('void *EVP_CIPHER_CTX_new()');
  const cipherContextFree = native<[Pointer], void>('void EVP_CIPHER_CTX_free(void *ctx)');
  const cipherFlags = native<[Pointer, number], void>('void EVP_CIPHER_CTX_set_flags(void *ctx, int flags)');
  const cipherPadding = native<[Pointer, number]>('int EVP_CIPHER_CTX_set_padding(void *ctx, int padding)');
  const cipherInit = native<[Pointer, Pointer, null, Uint8Array | null, Uint8Array | null, number]>(
    'int EVP_CipherInit_ex(void *ctx, void *cipher, void *engine, const uint8_t *key, const uint8_t *iv, int enc)',
  );
  const cipherUpdate = native<[Pointer, Uint8Array | null, Int32Array, Uint8Array, number]>(
    'int EVP_CipherUpdate(void *ctx, uint8_t *out, int *outlen, const uint8_t *in, int inlen)',
  );
  const cipherFinal = native<[Pointer, Uint8Array, Int32Array]>(
    'int EVP_CipherFinal_ex(void *ctx, uint8_t *out, int *outlen)',
  );
  const cipherControl = native<[Pointer, number, number, Uint8Array]>(
    'int EVP_CIPHER_CTX_ctrl(void *ctx, int type, int arg, uint8_t *ptr)',
  );

  // Calls are synchronous, so one cell for each kind of answer is enough.
  const size = new BigUint64Array(1);
  const count = new Int32Array(1);

  function fail(what: string): never {
    clearErrors();
    throw new LibcryptoError(`${what} failed`);
  }
  function ok(result: number, what: string): void {
    if (result !== 1) fail(what);
  }
  function live(handle: Handle): bigint {
    if (handle.pointer === 0n) throw new LibcryptoError('the handle was freed');
    return handle.pointer;
  }
  function made(pointer: Pointer, what: string): bigint {
    return pointer === null || pointer === 0n ? fail(what) : pointer;
  }
  function applySettings(context: bigint, settings: Settings): void {
    for (const [name, value] of settings) ok(setting(context, name, value), name);
  }
  function readDer(read: (...args: [null, BigUint64Array, number]) => Pointer, der: Uint8Array, what: string): Pkey {
    if (der.length === 0) throw new LibcryptoError('no key');
    const start = address(der);
    const at = BigUint64Array.of(start);
    const pointer = made(read(null, at, der.length), what);
    if (at[0] !== start + BigInt(der.length)) {
      pkeyFree(pointer);
      throw new LibcryptoError('spare bytes after the key');
    }
    return { what: 'pkey', pointer };
  }
  function openKeygen(type: 'RSA' | 'EC', settings: Settings): bigint {
    const context = made(contextFromName(null, type, null), 'EVP_PKEY_CTX_new');
    try {
      ok(keygenInit(context), 'EVP_PKEY_keygen_init');
      applySettings(context, settings);
      return context;
    } catch (error) {
      contextFree(context);
      throw error;
    }
  }
  /** The two-call idiom of i2d functions: length first, then into a buffer of exactly that length. */
  function writeDer(write: (at: BigUint64Array | null) => number, what: string): Buffer {
    const length = write(null);
    if (length <= 0 || length > 65_536) fail(what);
    const der = Buffer.alloc(length);
    if (write(BigUint64Array.of(address(der))) !== length) fail(what);
    return der;
  }

  return {
    /** Whether `openMessageContext` is there, and with it ML-DSA. */
    hasMlDsa,
    version: `${library.func('const char *OpenSSL_version(int what)')(0) as string} (${origin})`,

    /** An EC key: as quick as a signature with it. */
    generateEc(settings: Settings): Pkey {
      const context = openKeygen('EC', settings);
      try {
        const key = new BigUint64Array(1);
        ok(keygen(context, key), 'EVP_PKEY_keygen');
        return { what: 'pkey', pointer: made(key[0] as bigint, 'EVP_PKEY_keygen') };
      } finally {
        contextFree(context);
      }
    },
    /** Off the main thread: an RSA key takes up to a second. */
    async generateRsa(settings: Settings): Promise<Pkey> {
      const context = openKeygen('RSA', settings);
      try {
        const key = new BigUint64Array(1);
        const result = await new Promise<number>((resolve, reject) => {
          keygen.async(context, key, (error, value) => (error ? reject(error as Error) : resolve(value)));
        });
        ok(result, 'EVP_PKEY_keygen');
        return { what: 'pkey', pointer: made(key[0] as bigint, 'EVP_PKEY_keygen') };
      } finally {
        contextFree(context);
      }
    },
    /** PKCS#8 or traditional DER, nothing after it. */
    readPrivateKey: (der: Uint8Array): Pkey => readDer(readPrivate, der, 'd2i_AutoPrivateKey'),
    /** SubjectPublicKeyInfo DER, nothing after it: such a key verifies and encrypts. */
    readPublicKey: (der: Uint8Array): Pkey => readDer(readPublic, der, 'd2i_PUBKEY'),
    /** PKCS#8 DER; the caller overwrites it. */
    writePrivateKey(key: Pkey): Buffer {
      const info = made(toPkcs8(live(key)), 'EVP_PKEY2PKCS8');
      try {
        return writeDer((at) => writePkcs8(info, at), 'i2d_PKCS8_PRIV_KEY_INFO');
      } finally {
        pkcs8Free(info);
      }
    },
    /** SubjectPublicKeyInfo DER. */
    writePublicKey(key: Pkey): Buffer {
      const pointer = live(key);
      return writeDer((at) => writePublic(pointer, at), 'i2d_PUBKEY');
    },
    freeKey(key: Pkey): void {
      if (key.pointer !== 0n) pkeyFree(key.pointer);
      key.pointer = 0n;
    },

    /** A context for one operation and one padding, to be used any number of times. */
    openContext(key: Pkey, run: PkeyRun, settings: Settings): PkeyContext {
      const pointer = made(contextFromKey(null, live(key), null), 'EVP_PKEY_CTX_new');
      try {
        ok(init[run](pointer), `EVP_PKEY_${run}_init`);
        applySettings(pointer, settings);
      } catch (error) {
        contextFree(pointer);
        throw error;
      }
      return { what: 'pkey-context', pointer, run };
    },
    /** The same for a signature scheme that takes the message itself. @param algorithm as the library names it */
    openMessageContext(key: Pkey, run: 'sign' | 'verify', algorithm: string, settings: Settings): PkeyContext {
      if (forMessages === undefined) throw new LibcryptoError('the library is too old');
      const signature = made(forMessages.fetch(null, algorithm, null), algorithm);
      const pointer = contextFromKey(null, live(key), null);
      try {
        const context = made(pointer, 'EVP_PKEY_CTX_new');
        ok(forMessages.init[run](context, signature, null), `EVP_PKEY_${run}_message_init`);
        applySettings(context, settings);
        return { what: 'pkey-context', pointer: context, run };
      } catch (error) {
        contextFree(pointer);
        throw error;
      } finally {
        forMessages.free(signature);
      }
    },
    /** Signs, encrypts or decrypts into `out`, which must hold the longest answer; returns the answer's length. */
    run(context: PkeyContext, input: Uint8Array, out: Uint8Array): number {
      if (context.run === 'verify' || out.length === 0) throw new LibcryptoError('wrong use of a context');
      size[0] = BigInt(out.length);
      const result = runners[context.run](live(context), out, size, input, input.length);
      const length = Number(size[0]);
      if (result !== 1 || length > out.length) fail(`EVP_PKEY_${context.run}`);
      return length;
    },
    verify(context: PkeyContext, signature: Uint8Array, input: Uint8Array): boolean {
      if (context.run !== 'verify') throw new LibcryptoError('wrong use of a context');
      const result = verifyNative(live(context), signature, signature.length, input, input.length);
      if (result !== 1) clearErrors();
      return result === 1;
    },
    freeContext(context: PkeyContext): void {
      if (context.pointer !== 0n) contextFree(context.pointer);
      context.pointer = 0n;
    },

    /** A cipher with its key set; `iv` is given anew with each message. */
    openCipher(
      name: string,
      direction: 'encrypt' | 'decrypt',
      key: Uint8Array,
      shape: { readonly ivLength: number; readonly padding: boolean },
    ): CipherContext {
      const cipher = made(cipherFetch(null, name, null), name);
      const pointer = cipherContextNew();
      try {
        const context = made(pointer, 'EVP_CIPHER_CTX_new');
        if (keyLengthOf(cipher) !== key.length) throw new LibcryptoError('the key has another length');
        cipherFlags(context, ALLOW_WRAP);
        ok(cipherInit(context, cipher, null, key, null, direction === 'encrypt' ? 1 : 0), 'EVP_CipherInit_ex');
        ok(cipherPadding(context, shape.padding ? 1 : 0), 'EVP_CIPHER_CTX_set_padding');
        return { what: 'cipher-context', pointer: context, direction, ivLength: shape.ivLength };
      } catch (error) {
        cipherContextFree(pointer);
        throw error;
      } finally {
        cipherFree(cipher);
      }
    },
    /** Starts a message under the key already set. */
    startMessage(context: CipherContext, iv: Uint8Array | null): void {
      if ((iv?.length ?? 0) !== context.ivLength) throw new LibcryptoError('the iv has another length');
      ok(cipherInit(live(context), null, null, null, iv, context.direction === 'encrypt' ? 1 : 0), 'EVP_CipherInit_ex');
    },
    addAad(context: CipherContext, aad: Uint8Array): void {
      if (aad.length > MAX_PART) throw new LibcryptoError('too long');
      ok(cipherUpdate(live(context), null, count, aad, aad.length), 'EVP_CipherUpdate');
    },
    /** `out` needs room for the input and two blocks more. Returns bytes written. */
    update(context: CipherContext, input: Uint8Array, out: Uint8Array): number {
      if (input.length > MAX_PART || out.length < input.length + 32) throw new LibcryptoError('too long');
      ok(cipherUpdate(live(context), out, count, input, input.length), 'EVP_CipherUpdate');
      return count[0] as number;
    },
    /** `out` needs room for one block. Returns bytes written. */
    finish(context: CipherContext, out: Uint8Array): number {
      if (out.length < 16) throw new LibcryptoError('too short');
      ok(cipherFinal(live(context), out, count), 'EVP_CipherFinal_ex');
      return count[0] as number;
    },
    readTag(context: CipherContext, tag: Uint8Array): void {
      if (tag.length !== 16) throw new LibcryptoError('the tag has another length');
      ok(cipherControl(live(context), GET_TAG, 16, tag), 'EVP_CTRL_AEAD_GET_TAG');
    },
    expectTag(context: CipherContext, tag: Uint8Array): void {
      if (tag.length !== 16) throw new LibcryptoError('the tag has another length');
      ok(cipherControl(live(context), SET_TAG, 16, tag), 'EVP_CTRL_AEAD_SET_TAG');
    },
    freeCipher(context: CipherContext): void {
      if (context.pointer !== 0n) cipherContextFree(context.pointer);
      context.pointer = 0n;
    },
  };
}

const MAX_PART = 16 * 1024 * 1024;
/** EVP_CIPHER_CTX_FLAG_WRAP_ALLOW, EVP_CTRL_AEAD_GET_TAG, EVP_CTRL_AEAD_SET_TAG. */
const ALLOW_WRAP = 0x1;
const GET_TAG = 0x10;
const SET_TAG = 0x11;
