// The form of what a custodian says in a packet: which members each purpose has, and the one way in which it is written.
import { base64urlOf, integer, isoTime, list, oneLine, oneOf, type Reader, record, ShapeError, text } from './shape.ts';

const hash = base64urlOf(32);
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
/** `thumbprints`: x5t#S256 of each successor's certificate, sorted. */
const successorsShape = record({ required: integer(2, 10), thumbprints });
export type Successors = ReturnType<typeof successorsShape>;
const successors: Reader<Successors> = (value, path) => {
  const read = successorsShape(value, path);
  if (read.required > read.thumbprints.length) throw new ShapeError(`${path}.required is more than there are`);
  return read;
};

const always = {
  /** x5t#S256 of the packet's certificate. */
  custodian: hash,
  /** SHA-256 of the domain file's text; for `unlock` of the seal's share list. */
  domain: hash,
  /** By the custodian's clock. */
  at: isoTime,
} as const;
const note = oneLine(500);
const shapes = {
  recover: record({ ...always, purpose: oneOf('recover'), recipient: hash, share }, { note }),
  reshare: record({ ...always, purpose: oneOf('reshare'), recipient: hash, share, successors }, { note }),
  unlock: record({ ...always, purpose: oneOf('unlock'), recipient: hash, share }, { note }),
  acknowledge: record({ ...always, purpose: oneOf('acknowledge'), proof: hash }, { note }),
  challenge: record({ ...always, purpose: oneOf('challenge'), challenge: hash }, { note }),
  /** The recipient is the certificate of whoever takes over, where they have one of their own. */
  handover: record({ ...always, purpose: oneOf('handover') }, { note, recipient: hash }),
  leave: record({ ...always, purpose: oneOf('leave') }, { note }),
} as const;

export type PacketPurpose = keyof typeof shapes;
export type PacketStatement = ReturnType<(typeof shapes)[PacketPurpose]>;
type ContentOf<S extends PacketStatement> = S extends unknown ? Omit<S, 'custodian' | 'at'> : never;
/** What a packet says, but who says it and when. */
export type PacketContent = ContentOf<PacketStatement>;

const readPurpose = oneOf(...(Object.keys(shapes) as PacketPurpose[]));

/** A statement has exactly the members of its purpose. */
export const statementShape: Reader<PacketStatement> = (value, path) => {
  const { purpose } = Object(value) as { readonly purpose?: unknown };
  return shapes[readPurpose(purpose, `${path}.purpose`)](value, path);
};

/** Members sorted by name, no white space. */
export function canonicalStatement(value: object): Buffer {
  const sorted = (_name: string, each: unknown): unknown =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each;
  return Buffer.from(JSON.stringify(value, sorted), 'utf8');
}
