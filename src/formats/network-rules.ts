// Who may reach an instance's data plane, as the management plane decided it: read strictly wherever it crosses from one
// process to another.
import { IpAddressError, readIpRange as parseRange, writeIpAddress } from './ip-address.ts';
import { list, matching, oneOf, type Reader, record, ShapeError, text } from './shape.ts';

export interface NetworkAcls {
  /** Whether callers that the service itself trusts pass although no rule names them. */
  readonly bypass: 'AzureServices' | 'None';
  /** What becomes of a caller that no rule names. */
  readonly defaultAction: 'Allow' | 'Deny';
  /** Ranges with prefix length, as `readIpRange` gives them: `10.0.0.0/24`, `2001:db8::/32`. */
  readonly ipRules: readonly string[];
}

export type ConnectionStatus = 'Pending' | 'Approved' | 'Rejected' | 'Disconnected';

export interface PrivateEndpointConnection {
  /** Its name below the instance; a private listener is tied to it by this name. */
  readonly name: string;
  readonly status: ConnectionStatus;
}

export interface NetworkRules {
  /** `Disabled`: only private listeners of approved connections serve. */
  readonly publicNetworkAccess: 'Enabled' | 'Disabled';
  readonly networkAcls: NetworkAcls;
  readonly privateEndpointConnections: readonly PrivateEndpointConnection[];
}

export const MOST_IP_RULES = 200;
export const MOST_CONNECTIONS = 64;
export const CONNECTION_NAME = /^[A-Za-z0-9](?:[\w.-]{0,78}\w)?$/;

export const OPEN_NETWORK: NetworkRules = {
  publicNetworkAccess: 'Enabled',
  networkAcls: { bypass: 'AzureServices', defaultAction: 'Allow', ipRules: [] },
  privateEndpointConnections: [],
};

/** One text for one range: with its prefix length, always. */
export const readIpRange: Reader<string> = (value, path) => {
  try {
    const { base, bits } = parseRange(text(value, path));
    return `${writeIpAddress(base)}/${bits}`;
  } catch (cause) {
    if (cause instanceof IpAddressError) throw new ShapeError(`${path}: ${cause.message}`, { cause });
    throw cause;
  }
};

export const readNetworkRules: Reader<NetworkRules> = record({
  publicNetworkAccess: oneOf('Enabled', 'Disabled'),
  networkAcls: record({
    bypass: oneOf('AzureServices', 'None'),
    defaultAction: oneOf('Allow', 'Deny'),
    ipRules: list(readIpRange, MOST_IP_RULES),
  }),
  privateEndpointConnections: list(
    record({
      name: matching(CONNECTION_NAME, 'the name of a connection'),
      status: oneOf('Pending', 'Approved', 'Rejected', 'Disconnected'),
    }),
    MOST_CONNECTIONS,
  ),
});
