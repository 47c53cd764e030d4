// What the supervisor and its children say to each other, over an inherited socket pair (file descriptor 3 of the
// child), in frames: how a message is made, and those of every child. A closed list with `instance-messages.ts` and
// `control-messages.ts`; nothing in it carries a key, an access token or a secret of a user.
import { type FieldType, fields, type Values } from '../formats/fields.ts';
import { integer, list, type Reader } from '../formats/shape.ts';

/** Largest frame on these links. */
export const MAX_SUPERVISION_FRAME = 256 * 1024;

export interface LinkMessage<V> {
  readonly code: number;
  encode(values: V): Buffer;
  /** @throws FieldsError, ShapeError */
  decode(payload: Buffer): V;
}

/** A message that is answered, on the same id, by `done` with what was asked for, or by `failed`. */
export interface Question<V, A> extends LinkMessage<V> {
  readonly readAnswer: Reader<A>;
}

/** A field as frames have it, or JSON of which the reader is the shape. */
type Parts = Readonly<Record<string, FieldType | Reader<unknown>>>;
type Told<P extends Parts> = {
  readonly [K in keyof P]: P[K] extends Reader<infer T> ? T : P[K] extends FieldType ? Values<{ x: P[K] }>['x'] : never;
};

export function message<const P extends Parts>(code: number, parts: P): LinkMessage<Told<P>> {
  const layout = fields(
    Object.fromEntries(
      Object.entries(parts).map(([name, part]) => [name, typeof part === 'string' ? part : 'json'] as const),
    ),
  );
  return {
    code,
    encode: (values) => layout.encode(values as Parameters<typeof layout.encode>[0]),
    decode(payload) {
      const told: Record<string, unknown> = { ...layout.decode(payload) };
      for (const [name, part] of Object.entries(parts))
        if (typeof part !== 'string') told[name] = part(told[name], name);
      return told as Told<P>;
    },
  };
}

const nothing: Reader<void> = () => undefined;

export function question<const P extends Parts, A = void>(
  code: number,
  parts: P,
  readAnswer: Reader<A> = nothing as Reader<A>,
): Question<Told<P>, A> {
  return { ...message(code, parts), readAnswer };
}

export const pids = list(integer(1, 0xffff_ffff), 1024);

/** Child → supervisor, sent once when it serves. `port` is the TCP port it listens on, 0 if none. */
export const ready = message(1, { port: 'u32', modulePids: pids });
/**
 * Supervisor → control: 32 bytes of this start. Supervisor → service: the instance's own key, made of them, by which it
 * knows the front, so that nobody else on the machine can tell it who a client is.
 */
export const frontToken = message(23, { token: 'bytes' });
/** Answers to questions; `answer` is read as the question says. */
export const done = message(30, { answer: 'json' });
/** Supervisor → child: whether it still does anything; the child's end of the link answers at once. */
export const alive = question(33, {});
/** Code of `failed`: the supervisor stops, and the request is to be made again after its next start. */
export const STOPPING = 'Stopping';
export const failed = message(31, { code: 'text', message: 'text' });
