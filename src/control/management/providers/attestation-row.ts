// The attestation provider that a policy names when its author names none (`az keyvault key create --default-cvm-policy`).
// Naming it makes no HSM trust it: that is for the HSM's own administrators.
import { ControlError, type ControlRow } from '../../../http/control-row.ts';
import { ANY_ACTION } from '../access/authorize.ts';
import { type MakeRow, SUBSCRIPTION } from '../arm-row.ts';
import { readLocation } from '../locations.ts';
import type { ResourceBook } from '../resources-file.ts';

const TYPE = 'Microsoft.Attestation/attestationProviders';

export function attestationRow(book: ResourceBook, row: MakeRow): ControlRow {
  const path = `${SUBSCRIPTION}/providers/Microsoft.Attestation/locations/:location/defaultProvider`;
  return row('GET', path, { action: ANY_ACTION, at: 'anywhere' }, ({ names, params }) => {
    const location = readLocation(params.location ?? '');
    if (names.attestation === undefined) {
      throw new ControlError(
        404,
        'NotFound',
        'There is no default attestation provider here: write a policy that names one.',
      );
    }
    const id = `/subscriptions/${book.current.subscriptionId}/providers/Microsoft.Attestation/locations/${location}/defaultProvider`;
    const properties = { trustModel: 'AAD', status: 'Ready', attestUri: names.attestation };
    return { status: 200, json: { id, name: 'default', type: TYPE, location, properties } };
  });
}
