// The few functions of a PKCS#11 library (v2.40) that wrapping a key on its token needs, bound to native code in this one
// file of the command line.

import { createRequire } from 'node:module';
import type { LibraryHandle } from 'koffi';

const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');

const RETURN_NAMES: ReadonlyMap<number, string> = new Map([
  [0x05, 'CKR_GENERAL_ERROR'],
  [0x54, 'CKR_FUNCTION_NOT_SUPPORTED'],
  [0x68, 'CKR_KEY_FUNCTION_NOT_PERMITTED'],
  [0x69, 'CKR_KEY_NOT_WRAPPABLE'],
  [0x6a, 'CKR_KEY_UNEXTRACTABLE'],
  [0x70, 'CKR_MECHANISM_INVALID'],
  [0x71, 'CKR_MECHANISM_PARAM_INVALID'],
  [0xa0, 'CKR_PIN_INCORRECT'],
  [0xa4, 'CKR_PIN_LOCKED'],
]);
export const MECHANISM_INVALID = 0x70;

/** A refusal of the token. */
export class TokenError extends Error {
  readonly code: number;
  constructor(what: string, code: number) {
    super(`${what}: the token answers ${RETURN_NAMES.get(code) ?? `0x${code.toString(16)}`}`);
    this.code = code;
  }
}

export type Pkcs11 = ReturnType<typeof bind>;

/** @throws Error when the file is no PKCS#11 library */
export function loadPkcs11(path: string): Pkcs11 {
  return bind(koffi.load(path));
}

/** A number is a CK_ULONG, a boolean a CK_BBOOL. */
type Value = number | boolean | string | Uint8Array;
export type Attributes = readonly (readonly [type: number, value: Value])[];
/** Without a parameter, or with one. */
export type Mechanism = readonly [type: number, parameter?: Uint8Array];

const ULONG = 'unsigned long';
const BYTES = 'uint8_t *';
const RESULT = koffi.out('unsigned long *');
/** CK_ATTRIBUTE and CK_MECHANISM have the same members. */
const TYPED = koffi.pointer(koffi.struct({ type: ULONG, value: 'void *', length: ULONG }));

type Parameter = string | typeof RESULT | typeof TYPED;

function typed([type, value]: readonly [type: number, value?: Value]) {
  if (value === undefined) return { type, value: null, length: 0 };
  const bytes = bytesOf(value);
  return { type, value: bytes, length: bytes.length };
}

function bytesOf(value: Value): Buffer {
  if (typeof value === 'number') return Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
  if (typeof value === 'boolean') return Buffer.of(value ? 1 : 0);
  return typeof value === 'string' ? Buffer.from(value, 'utf8') : Buffer.from(value);
}

function bind(library: LibraryHandle) {
  const native = (name: string, ...parameters: Parameter[]) =>
    library.func(name, ULONG, parameters) as unknown as (...args: unknown[]) => number;
  /** Of which it matters whether it could be done. */
  const able = (name: string, ...parameters: Parameter[]) => {
    const call = native(name, ...parameters);
    return (...args: unknown[]): void => {
      const code = call(...args);
      if (code !== 0) throw new TokenError(name, code);
    };
  };
  const initialize = able('C_Initialize', 'void *');
  const finalize = native('C_Finalize', 'void *');
  const getSlotList = able('C_GetSlotList', 'uint8_t', RESULT, koffi.inout('unsigned long *'));
  const getTokenInfo = able('C_GetTokenInfo', ULONG, BYTES);
  const openSession = able('C_OpenSession', ULONG, ULONG, 'void *', 'void *', RESULT);
  const closeSession = native('C_CloseSession', ULONG);
  const login = able('C_Login', ULONG, ULONG, BYTES, ULONG);
  const findInit = able('C_FindObjectsInit', ULONG, TYPED, ULONG);
  const find = able('C_FindObjects', ULONG, RESULT, ULONG, RESULT);
  const findFinal = native('C_FindObjectsFinal', ULONG);
  const generateKey = able('C_GenerateKey', ULONG, TYPED, TYPED, ULONG, RESULT);
  const createObject = able('C_CreateObject', ULONG, TYPED, ULONG, RESULT);
  const wrapKey = able('C_WrapKey', ULONG, TYPED, ULONG, ULONG, BYTES, koffi.inout('unsigned long *'));

  /** What is written to the one cell that a call is given. */
  const result = (call: (cell: number[]) => void): number => {
    const cell = [0];
    call(cell);
    return cell[0] as number;
  };

  return {
    initialize: (): void => initialize(null),
    finalize: (): void => void finalize(null),
    slots(): readonly number[] {
      const list = new Array<number>(
        Math.min(
          result((count) => getSlotList(1, null, count)),
          1024,
        ),
      ).fill(0);
      const count = [list.length];
      getSlotList(1, list, count);
      return list.slice(0, count[0]);
    },
    tokenLabel(slot: number): string {
      const info = Buffer.alloc(TOKEN_INFO);
      getTokenInfo(slot, info);
      return info.toString('utf8', 0, LABEL).trimEnd();
    },
    openSession: (slot: number): number => result((session) => openSession(slot, RW_SERIAL, null, null, session)),
    closeSession: (session: number): void => void closeSession(session),
    login: (session: number, pin: Uint8Array): void => login(session, USER, pin, pin.length),
    find(session: number, attributes: Attributes): readonly number[] {
      findInit(session, attributes.map(typed), attributes.length);
      const found = new Array<number>(MAX_FOUND).fill(0);
      try {
        const count = result((cell) => find(session, found, MAX_FOUND, cell));
        return found.slice(0, count);
      } finally {
        findFinal(session);
      }
    },
    generateKey: (session: number, mechanism: Mechanism, attributes: Attributes): number =>
      result((key) => generateKey(session, [typed(mechanism)], attributes.map(typed), attributes.length, key)),
    createObject: (session: number, attributes: Attributes): number =>
      result((object) => createObject(session, attributes.map(typed), attributes.length, object)),
    wrapKey(session: number, mechanism: Mechanism, wrapping: number, key: number): Buffer {
      const out = Buffer.alloc(MAX_WRAPPED);
      const length = [out.length];
      wrapKey(session, [typed(mechanism)], wrapping, key, out, length);
      return out.subarray(0, length[0]);
    },
  };
}

/** CKF_RW_SESSION | CKF_SERIAL_SESSION, CKU_USER, CK_TOKEN_INFO and its label. */
const RW_SERIAL = 6;
const USER = 1;
const TOKEN_INFO = 512;
const LABEL = 32;
const MAX_FOUND = 16;
const MAX_WRAPPED = 16 * 1024;
