// The few functions of a PKCS#11 library (v2.40) that wrapping a key on its token needs, bound to native code in this one
// file of the command line.

import { createRequire } from 'node:module';
import type { LibraryHandle } from 'koffi';
import { orThrow, Refusal } from '../../../formats/refusal.ts';
import { type Attributes, cell, layOutAttributes, layOutMechanism, type Mechanism, valueOf } from './structures.ts';

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
export class TokenError extends Refusal {
  readonly code: number;
  constructor(what: string, code: number) {
    super(`${what}: the token answers ${RETURN_NAMES.get(code) ?? `0x${code.toString(16)}`}`);
    this.code = code;
  }
}

export type Pkcs11 = ReturnType<typeof bind>;

/** @throws Refusal when the file is no PKCS#11 library */
export function loadPkcs11(path: string): Pkcs11 {
  return orThrow(
    () => bind(koffi.load(path)),
    (cause) => new Refusal(`${path} is not a PKCS#11 library that loads here`, { cause }),
  );
}

function bind(library: LibraryHandle) {
  const native = (prototype: string) => library.func(prototype) as unknown as (...args: unknown[]) => number;
  const initialize = native('unsigned long C_Initialize(void *args)');
  const finalize = native('unsigned long C_Finalize(void *reserved)');
  const getSlotList = native('unsigned long C_GetSlotList(uint8_t present, uint8_t *slots, uint8_t *count)');
  const getTokenInfo = native('unsigned long C_GetTokenInfo(unsigned long slot, uint8_t *info)');
  const openSession = native(
    'unsigned long C_OpenSession(unsigned long slot, unsigned long flags, void *app, void *notify, uint8_t *session)',
  );
  const closeSession = native('unsigned long C_CloseSession(unsigned long session)');
  const login = native(
    'unsigned long C_Login(unsigned long session, unsigned long user, uint8_t *pin, unsigned long length)',
  );
  const findInit = native(
    'unsigned long C_FindObjectsInit(unsigned long session, uint8_t *template, unsigned long count)',
  );
  const find = native(
    'unsigned long C_FindObjects(unsigned long session, uint8_t *objects, unsigned long max, uint8_t *count)',
  );
  const findFinal = native('unsigned long C_FindObjectsFinal(unsigned long session)');
  const generateKey = native(
    'unsigned long C_GenerateKey(unsigned long session, uint8_t *mechanism, uint8_t *template, unsigned long count, uint8_t *key)',
  );
  const createObject = native(
    'unsigned long C_CreateObject(unsigned long session, uint8_t *template, unsigned long count, uint8_t *object)',
  );
  const wrapKey = native(
    'unsigned long C_WrapKey(unsigned long session, uint8_t *mechanism, unsigned long wrapping, unsigned long key, uint8_t *out, uint8_t *length)',
  );

  const ok = (code: number, what: string): void => {
    if (code !== 0) throw new TokenError(what, code);
  };

  return {
    initialize: (): void => ok(initialize(null), 'C_Initialize'),
    finalize: (): void => void finalize(null),
    slots(): readonly number[] {
      const count = cell();
      ok(getSlotList(1, null, count), 'C_GetSlotList');
      const list = Buffer.alloc(8 * Math.min(valueOf(count), 1024));
      ok(getSlotList(1, list, count), 'C_GetSlotList');
      return Array.from({ length: valueOf(count) }, (_, i) => valueOf(list, i));
    },
    tokenLabel(slot: number): string {
      const info = Buffer.alloc(TOKEN_INFO);
      ok(getTokenInfo(slot, info), 'C_GetTokenInfo');
      return info.toString('utf8', 0, LABEL).trimEnd();
    },
    openSession(slot: number): number {
      const session = cell();
      ok(openSession(slot, RW_SERIAL, null, null, session), 'C_OpenSession');
      return valueOf(session);
    },
    closeSession: (session: number): void => void closeSession(session),
    login: (session: number, pin: Uint8Array): void => ok(login(session, USER, pin, pin.length), 'C_Login'),
    find(session: number, attributes: Attributes): readonly number[] {
      const template = layOutAttributes(attributes, koffi.address);
      ok(findInit(session, template, attributes.length), 'C_FindObjectsInit');
      const count = cell();
      const found = Buffer.alloc(8 * MAX_FOUND);
      const code = find(session, found, MAX_FOUND, count);
      findFinal(session);
      ok(code, 'C_FindObjects');
      return Array.from({ length: valueOf(count) }, (_, i) => valueOf(found, i));
    },
    generateKey(session: number, mechanism: Mechanism, attributes: Attributes): number {
      const template = layOutAttributes(attributes, koffi.address);
      const key = cell();
      ok(
        generateKey(session, layOutMechanism(mechanism, koffi.address), template, attributes.length, key),
        'C_GenerateKey',
      );
      return valueOf(key);
    },
    createObject(session: number, attributes: Attributes): number {
      const template = layOutAttributes(attributes, koffi.address);
      const object = cell();
      ok(createObject(session, template, attributes.length, object), 'C_CreateObject');
      return valueOf(object);
    },
    wrapKey(session: number, mechanism: Mechanism, wrapping: number, key: number): Buffer {
      const out = Buffer.alloc(MAX_WRAPPED);
      const length = cell(out.length);
      ok(wrapKey(session, layOutMechanism(mechanism, koffi.address), wrapping, key, out, length), 'C_WrapKey');
      return out.subarray(0, valueOf(length));
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
