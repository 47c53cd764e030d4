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

const writtenRule: Reader<string> = (value, path) =>
  typeof value === 'string' ? readIpRange(value, path) : record({ value: readIpRange })(value, path).value;
const none: Reader<unknown> = (value, path) => {
  if (value !== null && (!Array.isArray(value) || value.length > 0))
    throw new ShapeError(`${path}: there are none here`);
};
/** What is to become of the rules. What it leaves out is to stay as it is: so nothing is opened that nobody named. */
export interface ProposedRules {
  readonly publicNetworkAccess?: NetworkRules['publicNetworkAccess'];
  readonly bypass?: NetworkAcls['bypass'];
  readonly defaultAction?: NetworkAcls['defaultAction'];
  readonly ipRules?: NetworkAcls['ipRules'];
}

const proposed = record(
  {},
  {
    publicNetworkAccess: oneOf('Enabled', 'Disabled'),
    bypass: oneOf('AzureServices', 'None'),
    defaultAction: oneOf('Allow', 'Deny'),
    ipRules: list(writtenRule, MOST_IP_RULES),
    virtualNetworkRules: none,
    serviceTags: none,
  },
);

/**
 * Rules as people write them into a file: the `networkAcls` of `az keyvault show --hsm-name`, or the same with ranges as plain
 * texts. Private endpoint connections are not theirs to say.
 */
export const readProposedRules: Reader<ProposedRules> = (value, path) => {
  const { virtualNetworkRules: _, serviceTags: __, ipRules, ...rest } = proposed(value, path);
  const read: ProposedRules = { ...rest, ...(ipRules === undefined ? {} : { ipRules: [...new Set(ipRules)] }) };
  if (Object.keys(read).length > 0) return read;
  throw new ShapeError(`${path} says nothing: give defaultAction, ipRules, publicNetworkAccess or bypass`);
};

/** The rules that a proposal comes to, from those there are now. */
export function rulesAfter<Rules extends Pick<NetworkRules, 'publicNetworkAccess' | 'networkAcls'>>(
  now: Rules,
  { publicNetworkAccess = now.publicNetworkAccess, ...acls }: ProposedRules,
): Rules {
  return { ...now, publicNetworkAccess, networkAcls: { ...now.networkAcls, ...acls } };
}
