// Message × state → handler: the whole of what can be asked of one process of the module. What has no row does not exist, and a
// row runs only in the states its message names.
import {
  CryptoError,
  type Message,
  type MessageName,
  type ModuleState,
  messages,
  REPLY_OK,
  REPLY_REFUSED,
  type RefusalCode,
  type ReplyOf,
  type RequestOf,
  refusal,
} from '../crypto/protocol/messages.ts';
import { encodeFrame, type Frame } from '../formats/frames.ts';

/** One for each message that this kind of process answers. */
export type Handlers<P, M extends MessageName> = {
  readonly [N in M]: (process: P, request: RequestOf<N>) => Answer<N> | Promise<Answer<N>>;
};
/** Nothing, where the reply has no members. */
type Answer<N extends MessageName> = keyof ReplyOf<N> extends never ? void : ReplyOf<N>;

/**
 * Answers one frame; at once unless the message takes long.
 * @throws NonsenseError, FieldsError when the frame is no message of the list
 */
export type Dispatch<P> = (process: P, frame: Frame) => Buffer | Promise<Buffer>;

interface Row<P> {
  readonly name: MessageName;
  readonly message: Message;
  readonly handle: (process: P, request: never) => unknown;
}

/** The peer sends what no worker of ours sends: the process must end. */
export class NonsenseError extends Error {
  override readonly name = 'NonsenseError';
}

export function dispatcher<P extends { readonly state: ModuleState }, M extends MessageName>(
  handlers: Handlers<P, M>,
): Dispatch<P> {
  const rows: ReadonlyMap<number, Row<P>> = new Map(
    (Object.keys(handlers) as M[]).map((name) => [
      messages[name].code,
      { name, message: messages[name] as Message, handle: handlers[name] },
    ]),
  );
  return (process, frame) => {
    const row = rows.get(frame.kind);
    if (row === undefined) throw new NonsenseError(`no message has the code ${frame.kind}`);
    const request = row.message.request.decode(frame.payload);
    try {
      if (!row.message.states.includes(process.state)) {
        throw new CryptoError('WrongState', `${row.name} is not allowed while the module is ${process.state}`);
      }
      const reply = row.handle(process, request as never);
      if (!(reply instanceof Promise)) return encodeReply(row.message, frame.id, reply);
      return reply.then(
        (late: unknown) => encodeReply(row.message, frame.id, late),
        (error: unknown) => encodeRefusal(frame.id, error),
      );
    } catch (error) {
      return encodeRefusal(frame.id, error);
    }
  };
}

function encodeReply(message: Message, id: number, reply: unknown): Buffer {
  return encodeFrame(id, REPLY_OK, message.reply.encode((reply ?? {}) as never));
}

export function encodeRefusal(id: number, error: unknown): Buffer {
  if (!(error instanceof CryptoError)) reportFailure(error);
  // Only our own refusals speak; any other text might say what must not leave.
  const { code, message } =
    error instanceof CryptoError && error.code !== 'PartitionLost'
      ? { code: error.code, message: error.message }
      : { code: 'Internal' satisfies RefusalCode, message: 'the module failed' };
  return encodeFrame(id, REPLY_REFUSED, refusal.encode({ code, message }));
}

/** Names and codes only: a message of native code or of Node may quote what it was given. */
function reportFailure(error: unknown): void {
  const { name, code, stack } = error as NodeJS.ErrnoException;
  const place = stack?.split('\n').find((line) => line.includes('/crypto/')) ?? '';
  process.stderr.write(`module: ${name} ${code ?? ''} ${place.trim()}\n`);
}
