// Payloads of frames: a fixed list of named fields, in order, without tags. Each protocol declares its messages with
// `fields({...})`; decoding is strict, so what decodes encodes back to the same bytes.

interface FieldTypes {
  /** 0..255 */
  u8: number;
  /** 0..2³²−1 */
  u32: number;
  /** 0..2⁵³−1, stored as 64 bits */
  u64: number;
  /** u32 length and bytes; decoded as a view into the frame */
  bytes: Uint8Array;
  /** u32 length and UTF-8 */
  text: string;
  /** u32 length and JSON; decoded as `unknown`, the receiver checks its shape */
  json: unknown;
}
export type FieldType = keyof FieldTypes;
export type FieldList = Readonly<Record<string, FieldType>>;
export type Values<L extends FieldList> = { readonly [K in keyof L]: FieldTypes[L[K]] };

export interface Fields<L extends FieldList> {
  encode(values: Values<L>): Buffer;
  /** @throws FieldsError on missing, spare or malformed bytes */
  decode(payload: Buffer): Values<L>;
}

export class FieldsError extends Error {
  override readonly name = 'FieldsError';
}

export function fields<const L extends FieldList>(list: L): Fields<L> {
  const names = Object.entries(list);
  return {
    encode(values) {
      let size = 0;
      const parts: (number | Uint8Array)[] = [];
      for (const [name, type] of names) {
        const value: unknown = values[name];
        const part =
          type === 'u8' || type === 'u32' || type === 'u64' ? checkNumber(name, type, value) : toBytes(type, value);
        parts.push(part);
        size += typeof part === 'number' ? WIDTH[type as 'u8'] : 4 + part.length;
      }
      const payload = Buffer.allocUnsafe(size);
      let at = 0;
      for (let i = 0; i < parts.length; i++) {
        const part = parts[i] as number | Uint8Array;
        if (typeof part !== 'number') {
          at = payload.writeUInt32LE(part.length, at);
          payload.set(part, at);
          at += part.length;
        } else if ((names[i] as [string, FieldType])[1] === 'u8') at = payload.writeUInt8(part, at);
        else if ((names[i] as [string, FieldType])[1] === 'u32') at = payload.writeUInt32LE(part, at);
        else at = payload.writeBigUInt64LE(BigInt(part), at);
      }
      return payload;
    },
    decode(payload) {
      const values: Record<string, unknown> = {};
      let at = 0;
      const take = (count: number): number => {
        const start = at;
        at += count;
        if (at > payload.length) throw new FieldsError('the payload ends inside a field');
        return start;
      };
      for (const [name, type] of names) {
        if (type === 'u8') values[name] = payload[take(1)];
        else if (type === 'u32') values[name] = payload.readUInt32LE(take(4));
        else if (type === 'u64') {
          const value = Number(payload.readBigUInt64LE(take(8)));
          if (!Number.isSafeInteger(value)) throw new FieldsError(`${name} is above 2^53`);
          values[name] = value;
        } else {
          const length = payload.readUInt32LE(take(4));
          const start = take(length);
          values[name] = fromBytes(name, type, payload.subarray(start, start + length));
        }
      }
      if (at !== payload.length) throw new FieldsError('the payload has spare bytes');
      return values as Values<L>;
    },
  };
}

const WIDTH = { u8: 1, u32: 4, u64: 8 };
const LIMIT = { u8: 0xff, u32: 0xffffffff, u64: Number.MAX_SAFE_INTEGER };
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function checkNumber(name: string, type: 'u8' | 'u32' | 'u64', value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > LIMIT[type]) {
    throw new FieldsError(`${name} is not a ${type}`);
  }
  return value;
}

function toBytes(type: FieldType, value: unknown): Uint8Array {
  if (type === 'bytes') return value as Uint8Array;
  return Buffer.from(type === 'json' ? JSON.stringify(value) : (value as string), 'utf8');
}

function fromBytes(name: string, type: FieldType, bytes: Buffer): unknown {
  if (type === 'bytes') return bytes;
  try {
    const text = utf8.decode(bytes);
    return type === 'json' ? (JSON.parse(text) as unknown) : text;
  } catch (cause) {
    throw new FieldsError(`${name} is not ${type === 'json' ? 'JSON' : 'UTF-8'}`, { cause });
  }
}
