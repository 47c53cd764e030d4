// Who may reach an instance's data plane, as the management plane decided it: read strictly wherever it crosses from one
// process to another.
import { readIpRange as parseRange, writeIpAddress } from './ip-address.ts';
import { orThrow } from './refusal.ts';
import { list, matching, oneOf, type Reader, record, ShapeError, text } from './shape.ts';

export const MOST_IP_RULES = 200;
export const MOST_CONNECTIONS = 64;
export const CONNECTION_NAME = /^[A-Za-z0-9](?:[\w.-]{0,78}\w)?$/;

/** One text for one range: with its prefix length, always. */
export const readIpRange: Reader<string> = (value, path) => {
  const given = text(value, path);
  const { base, bits } = orThrow(
    () => parseRange(given),
    (cause) => new ShapeError(`${path}: ${cause.message}`, { cause }),
    ShapeError,
  );
  return `${writeIpAddress(base)}/${bits}`;
};

const networkAcls = record({
  /** Whether callers that the service itself trusts pass although no rule names them. */
  bypass: oneOf('AzureServices', 'None'),
  /** What becomes of a caller that no rule names. */
  defaultAction: oneOf('Allow', 'Deny'),
  /** Ranges with prefix length, as `readIpRange` gives them: `10.0.0.0/24`, `2001:db8::/32`. */
  ipRules: list(readIpRange, MOST_IP_RULES),
});
export type NetworkAcls = ReturnType<typeof networkAcls>;

export const readNetworkRules = record({
  /** `Disabled`: only private listeners of approved connections serve. */
  publicNetworkAccess: oneOf('Enabled', 'Disabled'),
  networkAcls,
  privateEndpointConnections: list(
    record({
      /** Its name below the instance; a private listener is tied to it by this name. */
      name: matching(CONNECTION_NAME, 'the name of a connection'),
      status: oneOf('Pending', 'Approved', 'Rejected', 'Disconnected'),
    }),
    MOST_CONNECTIONS,
  ),
});
export type NetworkRules = ReturnType<typeof readNetworkRules>;
export type ConnectionStatus = NetworkRules['privateEndpointConnections'][number]['status'];

export const OPEN_NETWORK: NetworkRules = {
  publicNetworkAccess: 'Enabled',
  networkAcls: { bypass: 'AzureServices', defaultAction: 'Allow', ipRules: [] },
  privateEndpointConnections: [],
};

const writtenRule: Reader<string> = (value, path) =>
  typeof value === 'string' ? readIpRange(value, path) : record({ value: readIpRange })(value, path).value;
const none: Reader<unknown> = (value, path) => {
  if (value !== null && (!Array.isArray(value) || value.length > 0))
    throw new ShapeError(`${path}: there are none here`);
};
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

/** What is to become of the rules. What it leaves out is to stay as it is: so nothing is opened that nobody named. */
export type ProposedRules = Omit<ReturnType<typeof proposed>, 'virtualNetworkRules' | 'serviceTags'>;

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
