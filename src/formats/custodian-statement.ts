// The form of what a custodian says in a packet: which members each purpose has, and the one way in which it is written.

import { fromBase64url } from './base64url.ts';
import { isOneLine } from './printable.ts';
import { integer, list, oneOf, type Reader, record, ShapeError, text } from './shape.ts';

export type PacketPurpose = PacketStatement['purpose'];

export interface Successors {
  readonly required: number;
  /** x5t#S256 of each successor's certificate, sorted. */
  readonly thumbprints: readonly string[];
}

interface StatementBase {
  /** Base64url SHA-256 of the domain file's text; for `unlock` of the seal's share list. */
  readonly domain: string;
  readonly note?: string;
}

/** What a packet says, but who says it and when. */
export type PacketContent = StatementBase &
  (
    | { readonly purpose: 'recover' | 'unlock'; readonly recipient: string; readonly share: string }
    | {
        readonly purpose: 'reshare';
        readonly recipient: string;
        readonly share: string;
        readonly successors: Successors;
      }
    | { readonly purpose: 'acknowledge'; readonly proof: string }
    | { readonly purpose: 'challenge'; readonly challenge: string }
    /** The recipient is the certificate of whoever takes over, where they have one of their own. */
    | { readonly purpose: 'handover'; readonly recipient?: string }
    | { readonly purpose: 'leave' }
  );

export type PacketStatement = PacketContent & {
  /** x5t#S256 of the packet's certificate. */
  readonly custodian: string;
  /** ISO time in UTC with milliseconds, by the custodian's clock. */
  readonly at: string;
};

const PURPOSES = ['recover', 'reshare', 'unlock', 'acknowledge', 'challenge', 'handover', 'leave'] as const;

/** A statement has exactly the members of its purpose. */
export const statementShape: Reader<PacketStatement> = (value, path) => {
  const { purpose } = (typeof value === 'object' && value !== null ? value : {}) as { readonly purpose?: unknown };
  return shapes[oneOf(...PURPOSES)(purpose, `${path}.purpose`)](value, path) as PacketStatement;
};

/** Members sorted by name, no white space. */
export function canonicalStatement(value: object): Buffer {
  const sorted = (_name: string, each: unknown): unknown =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each;
  return Buffer.from(JSON.stringify(value, sorted), 'utf8');
}

const hash = bytesOf(32);
const note: Reader<string> = (value, path) => {
  if (text(value, path).length > 500 || !isOneLine(value as string)) {
    throw new ShapeError(`${path} must be at most 500 characters on one line`);
  }
  return value as string;
};
const at: Reader<string> = (value, path) => {
  const time = new Date(text(value, path));
  if (Number.isNaN(time.getTime()) || time.toISOString() !== value) {
    throw new ShapeError(`${path} must be an ISO time like 2026-01-31T12:00:00.000Z`);
  }
  return value;
};
const share: Reader<string> = (value, path) => {
  if (text(value, path).length > 8192 || !/^[\w-]+(\.[\w-]+){4}$/.test(value as string)) {
    throw new ShapeError(`${path} must be a compact JWE`);
  }
  return value as string;
};
const thumbprints: Reader<readonly string[]> = (value, path) => {
  const read = list(hash, 10)(value, path);
  if (read.length < 2 || read.some((each, index) => index > 0 && (read[index - 1] as string) >= each)) {
    throw new ShapeError(`${path} must be two or more thumbprints, sorted, each once`);
  }
  return read;
};
const successors: Reader<Successors> = (value, path) => {
  const read = record({ required: integer(2, 10), thumbprints })(value, path);
  if (read.required > read.thumbprints.length) throw new ShapeError(`${path}.required is more than there are`);
  return read;
};

const always = { custodian: hash, domain: hash, at } as const;
const oneShare = record({ ...always, purpose: oneOf('recover', 'unlock'), recipient: hash, share }, { note });

const shapes: Readonly<Record<PacketPurpose, Reader<object>>> = {
  recover: oneShare,
  unlock: oneShare,
  reshare: record({ ...always, purpose: oneOf('reshare'), recipient: hash, share, successors }, { note }),
  acknowledge: record({ ...always, purpose: oneOf('acknowledge'), proof: hash }, { note }),
  challenge: record({ ...always, purpose: oneOf('challenge'), challenge: hash }, { note }),
  handover: record({ ...always, purpose: oneOf('handover') }, { note, recipient: hash }),
  leave: record({ ...always, purpose: oneOf('leave') }, { note }),
};

function bytesOf(length: number): Reader<string> {
  return (value, path) => {
    let bytes: Buffer;
    try {
      bytes = fromBase64url(text(value, path));
    } catch (cause) {
      throw new ShapeError(`${path} must be base64url`, { cause });
    }
    if (bytes.length !== length) throw new ShapeError(`${path} must be ${length} bytes as base64url`);
    return value as string;
  };
}
