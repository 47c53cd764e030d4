// What the supervisor and its children say to each other, over an inherited socket pair (file descriptor 3 of the
// child), in frames. A closed list; nothing here carries a key, an access token or a secret of a user.
import { type Fields, fields } from '../formats/fields.ts';

/** Largest frame on these links. */
export const MAX_SUPERVISION_FRAME = 256 * 1024;

/** Child → supervisor, sent once when it serves. `port` is the TCP port it listens on, 0 if none. */
export const ready: { code: 1; fields: Fields<{ port: 'u32'; modulePids: 'json' }> } = {
  code: 1,
  fields: fields({ port: 'u32', modulePids: 'json' }),
};
/** Service → supervisor → control: `NotActivated` | `Active` | `Unknown` | `Failed` and a sentence. */
export const activation: { code: 2; fields: Fields<{ instance: 'text'; status: 'text'; message: 'text' }> } = {
  code: 2,
  fields: fields({ instance: 'text', status: 'text', message: 'text' }),
};
/** Service → supervisor: partitions were respawned. */
export const partitions: { code: 3; fields: Fields<{ modulePids: 'json' }> } = {
  code: 3,
  fields: fields({ modulePids: 'json' }),
};
/** Service → supervisor: how well an active instance could be recovered (`OwnRecoverability`), when it is other than before. */
export const recoverability: { code: 4; fields: Fields<{ own: 'json' }> } = {
  code: 4,
  fields: fields({ own: 'json' }),
};
/** Control → supervisor (request, answered with `done` or `failed` on the same id): make and start an instance. */
export const provisionInstance: { code: 10; fields: Fields<{ request: 'json' }> } = {
  code: 10,
  fields: fields({ request: 'json' }),
};
/** Control → supervisor: stop an instance's processes; its sealed data stays. */
export const stopInstance: { code: 11; fields: Fields<{ name: 'text' }> } = {
  code: 11,
  fields: fields({ name: 'text' }),
};
/** Control → supervisor: start it again. */
export const startInstance: { code: 12; fields: Fields<{ name: 'text' }> } = {
  code: 12,
  fields: fields({ name: 'text' }),
};
/** Control → supervisor: change what may change of an instance (`InstanceUpdate`); done when every worker goes by it. */
export const updateInstance: { code: 13; fields: Fields<{ name: 'text'; update: 'json' }> } = {
  code: 13,
  fields: fields({ name: 'text', update: 'json' }),
};
/** Control → supervisor: destroy a stopped instance, root keys first. The supervisor judges by its own clock whether it may. */
export const purgeInstance: { code: 14; fields: Fields<{ name: 'text' }> } = {
  code: 14,
  fields: fields({ name: 'text' }),
};
/** Control → supervisor: make names in control's own folder durable, which its permissions do not let it do. */
export const syncControl: { code: 15; fields: Fields<Record<never, never>> } = { code: 15, fields: fields({}) };
/** Control → supervisor: who is at the other end of a connection on loopback. Answered with `callerFound` of the same `query`. */
export const whoCalls: {
  code: 16;
  fields: Fields<{ query: 'u32'; address: 'text'; port: 'u32'; localPort: 'u32'; withExecutable: 'u8' }>;
} = {
  code: 16,
  fields: fields({ query: 'u32', address: 'text', port: 'u32', localPort: 'u32', withExecutable: 'u8' }),
};
/** Supervisor → control: `{uid, executables?}`, or null when the system does not know such a connection. */
export const callerFound: { code: 24; fields: Fields<{ query: 'u32'; caller: 'json' }> } = {
  code: 24,
  fields: fields({ query: 'u32', caller: 'json' }),
};
/** Supervisor → service (request): what is changed of the configuration; answered when the worker goes by it. */
export const instanceUpdated: { code: 21; fields: Fields<{ update: 'json' }> } = {
  code: 21,
  fields: fields({ update: 'json' }),
};
/** Supervisor → service (request): other names stand in `instance.json`; answered when the worker answers under them. */
export const namesChanged: { code: 25; fields: Fields<Record<never, never>> } = { code: 25, fields: fields({}) };
/** Supervisor → control: an instance's address or state changed. `port` 0: not serving. */
export const instanceChanged: {
  code: 20;
  fields: Fields<{ name: 'text'; port: 'u32'; activation: 'text'; message: 'text' }>;
} = { code: 20, fields: fields({ name: 'text', port: 'u32', activation: 'text', message: 'text' }) };
/** Supervisor → control: all aliases there are now, `{alias: instance}`. */
export const aliasesChanged: { code: 22; fields: Fields<{ aliases: 'json' }> } = {
  code: 22,
  fields: fields({ aliases: 'json' }),
};
/**
 * Supervisor → control: 32 bytes of this start. Supervisor → service: the instance's own key, made of them, by which it
 * knows the front, so that nobody else on the machine can tell it who a client is.
 */
export const frontToken: { code: 23; fields: Fields<{ token: 'bytes' }> } = {
  code: 23,
  fields: fields({ token: 'bytes' }),
};
export const done: { code: 30; fields: Fields<Record<never, never>> } = { code: 30, fields: fields({}) };
/** Code of `failed`: the supervisor stops, and the request is to be made again after its next start. */
export const STOPPING = 'Stopping';
export const failed: { code: 31; fields: Fields<{ code: 'text'; message: 'text' }> } = {
  code: 31,
  fields: fields({ code: 'text', message: 'text' }),
};
