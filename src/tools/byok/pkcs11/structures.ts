// CK_ATTRIBUTE and CK_MECHANISM laid out by hand for 64-bit Unix, where CK_ULONG has eight bytes and nothing is packed.

/** Values: a number is a CK_ULONG, a boolean a CK_BBOOL. */
export type Attributes = readonly (readonly [type: number, value: number | boolean | string | Uint8Array])[];

export interface Mechanism {
  readonly type: number;
  readonly parameter?: Uint8Array;
}

/** Where a buffer lies, for native code. */
type Address = (bytes: Uint8Array) => bigint;

/** A CK_ULONG. */
export function cell(value: number | bigint = 0): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

export function valueOf(bytes: Buffer, index = 0): number {
  return Number(bytes.readBigUInt64LE(8 * index));
}

/** CK_ATTRIBUTE[]. */
export function layOutAttributes(attributes: Attributes, address: Address): Buffer {
  const values = attributes.map(([, value]) => bytesOf(value));
  const rows = attributes.map(([type], i) => {
    const value = values[i] as Buffer;
    return Buffer.concat([cell(type), cell(address(value)), cell(value.length)]);
  });
  return keeping(Buffer.concat(rows), values);
}

export function layOutMechanism({ type, parameter }: Mechanism, address: Address): Buffer {
  if (parameter === undefined) return Buffer.concat([cell(type), cell(), cell()]);
  const mechanism = Buffer.concat([cell(type), cell(address(parameter)), cell(parameter.length)]);
  return keeping(mechanism, [parameter]);
}

function bytesOf(value: Attributes[number][1]): Buffer {
  if (typeof value === 'number') return cell(value);
  if (typeof value === 'boolean') return Buffer.of(value ? 1 : 0);
  return typeof value === 'string' ? Buffer.from(value, 'utf8') : Buffer.from(value);
}

/** What a structure points to lives as long as the structure itself. */
const kept = new WeakMap<Buffer, readonly Uint8Array[]>();

function keeping(structure: Buffer, parts: readonly Uint8Array[]): Buffer {
  kept.set(structure, parts);
  return structure;
}
