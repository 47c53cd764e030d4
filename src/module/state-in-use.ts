// What an open partition knows of the module's state and of both witnesses, sealed on its way to a ceremony, which is a
// process of its own and remembers nothing: so older files that were put back are refused there as they are here.
import { fields } from '../formats/fields.ts';
import { openBox, sealBox } from './sealed-box.ts';
import type { Provisioned, StateContent } from './sealed-state.ts';
import { type NamedState, stateRefused } from './state-rollback.ts';

export interface StateInUse extends NamedState, Pick<StateContent, 'state'> {
  /** The newest store head, and the size of the newest signed log, that the partition knows of. */
  readonly headFloor: number;
  readonly logFloor: number;
}

const layout = fields({
  generation: 'u64',
  digest: 'text',
  state: 'text',
  headFloor: 'u64',
  logFloor: 'u64',
});

export function sealStateInUse(own: Provisioned, headFloor: number, logFloor: number): Buffer {
  const { generation, digest, state } = own;
  const plaintext = layout.encode({ generation, digest, state, headFloor, logFloor });
  return sealBox(own.rootKeys.recordSealing, contextOf(own), plaintext);
}

/** @throws CryptoError StateRefused: the partition's root keys are not those of the state on file */
export function openStateInUse(own: Provisioned, sealed: Uint8Array): StateInUse {
  try {
    return layout.decode(openBox(own.rootKeys.recordSealing, contextOf(own), sealed)) as StateInUse;
  } catch (cause) {
    throw stateRefused('the module state is of another instance', { cause });
  }
}

function contextOf({ instanceId }: StateContent): Buffer {
  return Buffer.from(`strongroom state in use v1\n${instanceId}`, 'utf8');
}
