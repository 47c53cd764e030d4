// The body of a private endpoint, as far as it concerns an HSM.
import { list, matching, record, text } from '../../../formats/shape.ts';
import { readTags } from '../resources.ts';

const readOnly = (value: unknown): unknown => value;
const link = record(
  {
    name: text,
    properties: record(
      { privateLinkServiceId: text, groupIds: list(text, 1) },
      { requestMessage: text, privateLinkServiceConnectionState: readOnly, provisioningState: readOnly },
    ),
  },
  { id: readOnly, type: readOnly, etag: readOnly },
);
export const readEndpointBody = record(
  {
    location: text,
    properties: record(
      {
        subnet: record(
          { id: matching(/^\/[^\p{Cc}?#]{1,1024}$/u, 'a resource id') },
          mapReadOnly('properties', 'name'),
        ),
      },
      {
        privateLinkServiceConnections: list(link, 1),
        manualPrivateLinkServiceConnections: list(link, 1),
        ...mapReadOnly(
          'networkInterfaces',
          'customDnsConfigs',
          'provisioningState',
          'ipConfigurations',
          'applicationSecurityGroups',
          'customNetworkInterfaceName',
        ),
      },
    ),
  },
  { tags: readTags, ...mapReadOnly('id', 'name', 'type', 'etag', 'extendedLocation') },
);

function mapReadOnly(...names: readonly string[]): Readonly<Record<string, (value: unknown) => unknown>> {
  return Object.fromEntries(names.map((name) => [name, readOnly]));
}
