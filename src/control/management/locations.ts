// The regions that a resource may name. Everything runs on this machine; the name is kept and shown as given.
import { ControlError } from '../../http/control-row.ts';

export interface Location {
  readonly name: string;
  readonly displayName: string;
}

const NAMES = `Local|East US|East US 2|Central US|North Central US|South Central US|West Central US|West US|
West US 2|West US 3|Central US EUAP|East US 2 EUAP|Canada Central|Canada East|Brazil South|Brazil Southeast|
Chile Central|Mexico Central|North Europe|West Europe|UK South|UK West|France Central|France South|
Germany West Central|Germany North|Switzerland North|Switzerland West|Norway East|Norway West|Sweden Central|
Sweden South|Italy North|Austria East|Belgium Central|Denmark East|Spain Central|Poland Central|Israel Central|
UAE North|UAE Central|Qatar Central|South Africa North|South Africa West|Central India|South India|West India|
Jio India Central|Jio India West|East Asia|Southeast Asia|Japan East|Japan West|Korea Central|Korea South|
Australia East|Australia Southeast|Australia Central|Australia Central 2|New Zealand North|Indonesia Central|
Malaysia West`;

export const LOCATIONS: readonly Location[] = NAMES.replaceAll('\n', '')
  .split('|')
  .map((displayName) => ({ name: normalize(displayName), displayName }));

/** `East US 2` and `eastus2` are the same place. @throws ControlError 400 for an unknown one */
export function readLocation(value: string): string {
  const name = normalize(value);
  if (!LOCATIONS.some((location) => location.name === name)) {
    throw new ControlError(
      400,
      'LocationNotAvailableForResourceType',
      `The provided location '${value.slice(0, 64)}' is not available. List the locations with 'az account list-locations'.`,
    );
  }
  return name;
}

function normalize(value: string): string {
  return value.toLowerCase().replaceAll(' ', '');
}
