// What the supervisor and the control process say to each other, besides what every child says.
import { integer, list, mapOf, oneOf, record, text } from '../formats/shape.ts';
import { FARES } from './instance-messages.ts';
import { message, question } from './messages.ts';

const caller = record({ uid: integer(0, 0xffff_ffff) }, { executables: list(text, 1000) });
export type LoopbackCaller = ReturnType<typeof caller>;

/** Control → supervisor: make and start an instance (`ProvisionRequest`). */
export const provisionInstance = question(10, { request: 'json' });
/** Control → supervisor: stop an instance's processes; its sealed data stays. */
export const stopInstance = question(11, { name: 'text' });
/** Control → supervisor: start it again. */
export const startInstance = question(12, { name: 'text' });
/** Control → supervisor: change what may change of an instance (`InstanceUpdate`); done when every worker goes by it. */
export const updateInstance = question(13, { name: 'text', update: 'json' });
/** Control → supervisor: destroy a stopped instance, root keys first. The supervisor judges by its own clock whether it may. */
export const purgeInstance = question(14, { name: 'text' });
/** Control → supervisor: make names in control's own folder durable, which its permissions do not let it do. */
export const syncControl = question(15, {});
/** Control → supervisor: who is at the other end of a connection on loopback; null: the system does not know such a connection. */
export const whoCalls = question(
  16,
  { address: 'text', port: 'u32', localPort: 'u32', withExecutable: 'u8' },
  (value, path) => (value === null ? null : caller(value, path)),
);
/** Supervisor → control: an instance's address or state changed. `port` 0: not serving. */
export const instanceChanged = message(20, {
  name: 'text',
  port: 'u32',
  activation: oneOf(...FARES, 'Stopped'),
  message: 'text',
});
/** Supervisor → control, whenever they change and whenever it starts: the instance that each alias leads to; empty: to none now. */
export const aliasesChanged = message(22, { aliases: mapOf(text) });
