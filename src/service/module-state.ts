// The newest state of the module that a head of the store names: so no older one is taken again.
import { part } from '../features/part.ts';
import { integer } from '../formats/shape.ts';
import { recordKind } from '../store/sealed/record-kind.ts';

export const moduleStateKind = recordKind({
  of: 'module-state',
  about: "The generation of the module's state for which a commit was made",
  travels: 'stays',
  members: { generation: integer(0, Number.MAX_SAFE_INTEGER) },
});

export const moduleState = part({ kinds: [moduleStateKind] });
