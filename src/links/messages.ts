// What the supervisor and its children say to each other, over an inherited socket pair (file descriptor 3 of the
// child), in frames. A closed list; nothing here carries a key, an access token or a secret of a user.
import { type FieldList, type Fields, fields } from '../formats/fields.ts';

/** Largest frame on these links. */
export const MAX_SUPERVISION_FRAME = 256 * 1024;

export interface LinkMessage<L extends FieldList> {
  readonly code: number;
  readonly fields: Fields<L>;
}

function message<const L extends FieldList>(code: number, list: L): LinkMessage<L> {
  return { code, fields: fields(list) };
}

/** Child → supervisor, sent once when it serves. `port` is the TCP port it listens on, 0 if none. */
export const ready = message(1, { port: 'u32', modulePids: 'json' });
/** Service → supervisor → control: `NotActivated` | `Active` | `Unknown` | `Failed` and a sentence. */
export const activation = message(2, { instance: 'text', status: 'text', message: 'text' });
/** Service → supervisor: partitions were respawned. */
export const partitions = message(3, { modulePids: 'json' });
/** Service → supervisor: how well an active instance could be recovered (`OwnRecoverability`), when it is other than before. */
export const recoverability = message(4, { own: 'json' });
/** Control → supervisor (request, answered with `done` or `failed` on the same id): make and start an instance. */
export const provisionInstance = message(10, { request: 'json' });
/** Control → supervisor: stop an instance's processes; its sealed data stays. */
export const stopInstance = message(11, { name: 'text' });
/** Control → supervisor: start it again. */
export const startInstance = message(12, { name: 'text' });
/** Control → supervisor: change what may change of an instance (`InstanceUpdate`); done when every worker goes by it. */
export const updateInstance = message(13, { name: 'text', update: 'json' });
/** Control → supervisor: destroy a stopped instance, root keys first. The supervisor judges by its own clock whether it may. */
export const purgeInstance = message(14, { name: 'text' });
/** Control → supervisor: make names in control's own folder durable, which its permissions do not let it do. */
export const syncControl = message(15, {});
/** Control → supervisor: who is at the other end of a connection on loopback. Answered with `callerFound` of the same `query`. */
export const whoCalls = message(16, {
  query: 'u32',
  address: 'text',
  port: 'u32',
  localPort: 'u32',
  withExecutable: 'u8',
});
/** Supervisor → control: `{uid, executables?}`, or null when the system does not know such a connection. */
export const callerFound = message(24, { query: 'u32', caller: 'json' });
/** Supervisor → service (request): what is changed of the configuration; answered when the worker goes by it. */
export const instanceUpdated = message(21, { update: 'json' });
/** Supervisor → service (request): other names stand in `instance.json`; answered when the worker answers under them. */
export const namesChanged = message(25, {});
/** Supervisor → control: an instance's address or state changed. `port` 0: not serving. */
export const instanceChanged = message(20, { name: 'text', port: 'u32', activation: 'text', message: 'text' });
/** Supervisor → control: all aliases there are now, `{alias: instance}`. */
export const aliasesChanged = message(22, { aliases: 'json' });
/**
 * Supervisor → control: 32 bytes of this start. Supervisor → service: the instance's own key, made of them, by which it
 * knows the front, so that nobody else on the machine can tell it who a client is.
 */
export const frontToken = message(23, { token: 'bytes' });
export const done = message(30, {});
/** Code of `failed`: the supervisor stops, and the request is to be made again after its next start. */
export const STOPPING = 'Stopping';
export const failed = message(31, { code: 'text', message: 'text' });
